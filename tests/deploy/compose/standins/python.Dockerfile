# Stands in for python:<version>-slim, which is Debian with its own python too.
FROM rocket-standin-debian
RUN ln -s /usr/bin/python3 /usr/local/bin/python
