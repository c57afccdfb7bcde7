"""What all requests have in common: parameters, errors, idempotency, the OpenAPI document."""
