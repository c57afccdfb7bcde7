"""`python -m tests.deploy.schemas`: deploy/compose.yaml and deploy/k8s against their schemas; fast, offline.

compose-1.29.json and compose-2.json are the Compose Specification's JSON schema, unchanged: the one from
docker-compose 1.29.2, the other from compose-go 2.4.8. Apache License 2.0; copyright 2014-2015 Docker
Inc, 2020 The Compose Specification Authors.
"""
