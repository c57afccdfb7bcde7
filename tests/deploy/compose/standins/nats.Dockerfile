# Stands in for nats:<version>-alpine.
FROM rocket-standin-debian
COPY nats-server /usr/local/bin/nats-server
