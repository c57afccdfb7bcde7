"""Outside subscribers: who may read an app's public streams over NATS.

`rights` says what each gets, and nothing else; `store` where they are kept; `handlers`
the routes; `callout` answers the NATS server when somebody comes whom its own configuration does not know;
`durables` the consumers that are prepared for them.
"""
