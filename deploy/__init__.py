"""How Rocket is run: `embedded` (one machine), containers, Kubernetes, and the migrate job."""
