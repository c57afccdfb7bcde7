"""Live queries: the log, told to whoever may see what is in it, commit by commit.

`frontier` knows how far the log is settled; `changes` compiles what a caller sees of a commit;
`handlers` answer the gateways, which hold the streams.
"""
