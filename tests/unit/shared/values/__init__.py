"""Values of fields: JSON, patterns, e-mail addresses."""
