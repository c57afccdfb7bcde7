"""What the data service answers about records as they are: load → decide → reply."""

from __future__ import annotations

import orjson

from libs.shared.contracts import records as ask
from libs.shared.contracts.context import Context
from libs.shared.contracts.messages import Answer
from libs.shared.errors import not_found
from libs.shared.paging import positive
from services.data.etags import etag, tags_of
from services.data.fence import under_current_schema
from services.data.model import Model
from services.data.permissions import grant_for
from services.data.query.parameters import parse_list_query, refuse_include
from services.data.query.statements import list_statement
from services.data.reading.execution import read, read_point
from services.data.reading.past import get_version
from services.data.state import State


async def list_records(state: State, context: Context, question: ask.ListRecords) -> Answer:
    async def attempt(model: Model) -> Answer:
        entity = model.entity(question.entity)
        grant = grant_for(entity, "read", context.user)
        query = parse_list_query(entity, question.query)
        row = await read(state, context, model, list_statement(entity, query, grant))
        meta = orjson.dumps(query.page.meta(row["total"]))
        return Answer(body=b'{"data":%s,"meta":%s}' % (row["records"].encode(), meta))

    return await under_current_schema(state, context, attempt)


async def get_record(state: State, context: Context, question: ask.GetRecord) -> Answer:
    parameters = dict(question.query)
    if version := positive(parameters.get("version", "")):
        return await get_version(state, context, question, version)

    async def attempt(model: Model) -> Answer:
        entity = model.entity(question.entity)
        grant = grant_for(entity, "read", context.user)
        refuse_include(parameters.get("include", ""))
        row = await read_point(state, context, model, entity, entity.key.parse(question.id), grant)
        if row["version"] is None:
            raise not_found("Record")
        if tags_of(question.if_none_match) & {str(row["version"]), "*"}:
            return Answer(304, headers=etag(row["version"]))
        return Answer(body=b'{"data":%s}' % row["record"].encode(), headers=etag(row["version"]))

    return await under_current_schema(state, context, attempt)
