"""`python -m tests.deploy.compose`: deploy/compose.yaml, run for real.

Builds the image, starts everything in production mode, defines an entity, writes records and a file,
kills data, NATS and Postgres under it, takes everything down and up again, and finds all of it.

It takes the Docker daemon that answers, if that can pull the images. Else, as root, it starts a daemon of
its own with stand-ins for the images (`standins`), and leaves nothing behind. Where neither is
possible it prints SKIP with the reason and exits with 0.
"""
