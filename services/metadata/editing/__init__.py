"""One change of an app's definitions, in a transaction: what each kind does, what follows, warnings, audit."""
