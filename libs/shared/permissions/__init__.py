"""Permissions: compiles the policies of a caller into a tree with equal results in SQL and Python.

    profile = compile_profile(entity, policies, "read", roles)   # once per schema version and set of roles
    profile.rows.sql("r", 0), profile.values(person)             # for reads: which rows, as a condition of SQL
    profile.rows.holds(record, person)                           # for writes: the same verdict, in process

`policies` turns definitions into grants, `conditions` is the tree they become, `comparisons` and `masks`
say what each operator and mask means in both worlds, `checks` and `sql` are the two compilers, and
`profile` holds what they make. Grants are a union: an action is allowed if any of them allows it.
"""
