"""The OpenAPI 3.1 description of an app, made from the routing table and the live schema, for one caller."""
