"""From tree to Python closures, each made for its place: nothing is looked up twice at run time."""
