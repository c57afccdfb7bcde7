"""The ways to run Rocket: `embedded` (one machine), containers, Kubernetes; and the migrate job."""
