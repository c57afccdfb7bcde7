# Stands in for postgres:18: the same variables, folders, user and way to start.
FROM rocket-standin-debian
RUN useradd --uid 999 --user-group --home-dir /var/lib/postgresql postgres
COPY postgres /usr/lib/postgresql/18
COPY postgres.sh /usr/local/bin/docker-entrypoint.sh
ENV PATH=/usr/lib/postgresql/18/bin:/usr/local/bin:/usr/bin:/bin \
    PGDATA=/var/lib/postgresql/18/docker
VOLUME /var/lib/postgresql
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["postgres"]
