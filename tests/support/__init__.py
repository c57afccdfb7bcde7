"""What tests of the whole system share: a client of the REST API, receivers, running stacks."""
