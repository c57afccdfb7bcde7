"""Outside subscribers: who may read an app's public streams over NATS.

`rights` computes what each may do; `store` keeps them in PostgreSQL; `handlers` serves
the routes; `callout` answers the NATS server about credentials that its configuration does not contain;
`durables` creates and deletes their consumers.
"""
