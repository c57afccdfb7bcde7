"""All definitions of an app as one document, out and in again, with sample records."""
