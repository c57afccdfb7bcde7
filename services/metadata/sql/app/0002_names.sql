-- Keys, sequences and indexes of business tables are named by the numbers of definitions and begin
-- with _, as no operator's table does: so they meet no table of the same name, nor one another when
-- a table is put aside. Tables made before get such names here.
DO $$
DECLARE
    found record;
BEGIN
    FOR found IN
        SELECT d.number, con.conname, t.relname AS tablename
        FROM metadata.definitions d
        JOIN pg_class t ON t.relname = d.document ->> 'table' AND t.relnamespace = 'records'::regnamespace
        JOIN pg_constraint con ON con.conrelid = t.oid AND con.contype = 'p'
        WHERE d.kind = 'entities' AND d.deleted_at IS NULL
    LOOP
        EXECUTE format('ALTER TABLE records.%I RENAME CONSTRAINT %I TO _p_%s', found.tablename, found.conname, found.number);
    END LOOP;
    FOR found IN
        SELECT d.number, s.relname AS sequence
        FROM metadata.definitions d
        JOIN pg_class t ON t.relname = d.document ->> 'table' AND t.relnamespace = 'records'::regnamespace
        JOIN pg_depend dep ON dep.refobjid = t.oid AND dep.classid = 'pg_class'::regclass AND dep.deptype = 'i'
        JOIN pg_class s ON s.oid = dep.objid AND s.relkind = 'S'
        WHERE d.kind = 'entities' AND d.deleted_at IS NULL
    LOOP
        EXECUTE format('ALTER SEQUENCE records.%I RENAME TO _s_%s', found.sequence, found.number);
    END LOOP;
    FOR found IN
        SELECT relname FROM pg_class
        WHERE relnamespace = 'records'::regnamespace AND relkind = 'i' AND relname ~ '^[ui]_\d+_\d+$'
    LOOP
        EXECUTE format('ALTER INDEX records.%I RENAME TO %I', found.relname, '_' || found.relname);
    END LOOP;
END $$;
