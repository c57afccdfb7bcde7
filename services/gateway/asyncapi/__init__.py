"""The public event streams as an AsyncAPI 3 document, made from the contracts that the services publish by."""
