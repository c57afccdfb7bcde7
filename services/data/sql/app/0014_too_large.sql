-- Ends a statement whose answer would be larger than one may be (services/data/model/bounds.py).
CREATE FUNCTION data.too_large() RETURNS json LANGUAGE plpgsql VOLATILE PARALLEL SAFE AS $$
BEGIN
    RAISE program_limit_exceeded USING MESSAGE = 'the answer is too large';
END $$;
