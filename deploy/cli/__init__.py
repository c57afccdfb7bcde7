"""`rocket`: the command line of an operator. It is a client of the REST API and needs nothing but its address."""
