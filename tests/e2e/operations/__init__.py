"""Operating a system: command line, production settings, replicas, folders."""
