"""What is deployed: the image, compose.yaml, the Kubernetes overlays, who may do what on NATS."""
