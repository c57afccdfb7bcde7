"""`rocket`, the operator's command line: a client of the REST API that needs only its address."""
