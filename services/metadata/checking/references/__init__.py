"""What definitions refer to must exist when they are saved: entities, fields, relations, values, paths. Pure.

Each kind has a module whose `problems_of(definition, schema)` yields (path, message) of what does not hold.
`contradictions` finds definitions that are valid but contradict one another; `people` the roles and users they name.
"""
