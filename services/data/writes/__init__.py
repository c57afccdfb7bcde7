"""From a JSON object to one statement: the record's new row and its log entry."""
