"""The one routing table: which request is whose, and who may make it. First match wins."""

from __future__ import annotations

from libs.shared.contracts import apps, events, files, notifications, records, subscribers, webhooks, workflows
from libs.shared.parameters import FREE, taking
from services.gateway.http import (
    accounts,
    admin_ui,
    describing,
    downloads,
    explaining,
    exports,
    live,
    operations,
    people,
    projections,
    uploads,
)
from services.gateway.http import subscribers as new_subscribers
from services.gateway.http import webhooks as endpoints
from services.gateway.http.door import Access
from services.gateway.http.idempotency import once
from services.gateway.http.route import Call, Local, Route

__all__ = ["ROUTES", "Call", "Local", "Route"]

P = "/api/_platform"
A = "/api/{app}"
RECORDS = A + "/{entity:[A-Za-z][A-Za-z0-9_]*}"

ROUTES = (
    # Operating
    Route("GET", "/health", Local(operations.health), Access.PUBLIC),
    Route("GET", "/healthz", Local(operations.health), Access.PUBLIC),
    Route("GET", "/readyz", Local(operations.ready, taking("self")), Access.PUBLIC),
    Route("GET", "/metrics", Local(operations.metrics), Access.PUBLIC),
    Route("GET", "/asyncapi.json", Local(describing.asyncapi), Access.PUBLIC),
    # The Admin UI
    Route("GET", "/", Local(admin_ui.home, FREE), Access.PUBLIC),
    Route("GET", "/admin", Local(admin_ui.admin_ui, FREE), Access.PUBLIC),
    Route("GET", "/admin/{path:**}", Local(admin_ui.admin_ui, FREE), Access.PUBLIC),
    # The platform
    Route("POST", P + "/auth/login", Local(accounts.login), Access.PUBLIC),
    Route("POST", P + "/auth/refresh", Local(accounts.refresh), Access.PUBLIC),
    Route("POST", P + "/auth/logout", Local(accounts.logout), Access.PUBLIC),
    Route("GET", P + "/auth/me", Local(accounts.me), Access.PLATFORM),
    Route("PUT", P + "/auth/password", Local(accounts.change_password), Access.PLATFORM),
    Route("GET", P + "/auth/sessions", Local(accounts.list_sessions), Access.PLATFORM),
    Route("DELETE", P + "/auth/sessions", Local(accounts.end_sessions, taking("keep")), Access.PLATFORM),
    Route("DELETE", P + "/auth/sessions/{id}", Local(accounts.end_session), Access.PLATFORM),
    Route("POST", P + "/auth/totp/enroll", Local(accounts.enroll_totp), Access.PLATFORM),
    Route("POST", P + "/auth/totp/confirm", Local(accounts.confirm_totp), Access.PLATFORM),
    Route("POST", P + "/auth/totp/disable", Local(accounts.disable_totp), Access.PLATFORM),
    Route("GET", P + "/users", Local(people.list_users), Access.PLATFORM),
    Route("POST", P + "/users", Local(people.create_user), Access.PLATFORM),
    Route("GET", P + "/users/{id}", Local(people.get_user), Access.PLATFORM),
    Route("PUT", P + "/users/{id}", Local(people.replace_user), Access.PLATFORM),
    Route("DELETE", P + "/users/{id}", Local(people.delete_user), Access.PLATFORM),
    Route("DELETE", P + "/users/{id}/totp", Local(people.remove_totp), Access.PLATFORM),
    Route("GET", P + "/signing-keys", Local(people.list_signing_keys), Access.PLATFORM),
    Route("POST", P + "/signing-keys/rotate", Local(people.rotate_signing_keys), Access.PLATFORM),
    Route("GET", P + "/apps", apps.ListApps, Access.PLATFORM),
    Route("POST", P + "/apps", apps.CreateApp, Access.PLATFORM),
    Route("GET", P + "/apps/{app_name}", apps.GetApp, Access.PLATFORM),
    Route("PUT", P + "/apps/{app_name}", apps.ChangeApp, Access.PLATFORM),
    Route("PATCH", P + "/apps/{app_name}", apps.ChangeApp, Access.PLATFORM),
    Route("DELETE", P + "/apps/{app_name}", apps.DeleteApp, Access.PLATFORM),
    # Where an entity called docs has its list; the page knows.
    Route("GET", A + "/docs", Local(describing.docs, records.ListRecords.parameters), Access.PUBLIC),
    # Records come first among the routes of an app: they are asked for most, and matched in order.
    Route("GET", RECORDS, records.ListRecords, Access.USER),
    Route("POST", RECORDS, records.CreateRecord, Access.USER),
    Route("GET", RECORDS + "/_export", Local(exports.export, records.ExportRecords.parameters), Access.USER),
    Route("GET", RECORDS + "/_aggregate", records.AggregateRecords, Access.USER),
    Route("GET", RECORDS + "/_live", Local(live.watch_entity, live.PARAMETERS), Access.PUBLIC),
    # Before single records: no key begins with _.
    Route("POST", RECORDS + "/_bulk", records.CreateRecords, Access.USER),
    Route("PUT", RECORDS + "/_bulk", records.UpdateRecords, Access.USER),
    Route("PATCH", RECORDS + "/_bulk", records.UpdateRecords, Access.USER),
    Route("DELETE", RECORDS + "/_bulk", records.DeleteRecords, Access.USER),
    Route("GET", RECORDS + "/{id}", records.GetRecord, Access.USER),
    Route("PUT", RECORDS + "/{id}", records.UpdateRecord, Access.USER),
    Route("PATCH", RECORDS + "/{id}", records.UpdateRecord, Access.USER),
    Route("DELETE", RECORDS + "/{id}", records.DeleteRecord, Access.USER),
    Route("GET", RECORDS + "/{id}/history", records.RecordHistory, Access.USER),
    Route("POST", RECORDS + "/{id}/restore", records.RestoreRecord, Access.USER),
    # Commits: what belongs together
    Route("GET", A + "/_commits", records.ListCommits, Access.ADMIN),
    Route("GET", A + "/_commits/{commit_id}", records.GetCommit, Access.USER),
    Route("POST", A + "/_commits/{commit_id}/undo", records.UndoCommit, Access.USER),
    # What there is
    Route("GET", A + "/openapi.json", Local(describing.openapi), Access.USER),
    Route("GET", A + "/_schema", Local(describing.app_schema), Access.USER),
    Route("GET", A + "/asyncapi.json", Local(describing.asyncapi), Access.ADMIN),
    # What happens
    Route("GET", A + "/_live", Local(live.watch_entities, taking("entities", *live.OWN)), Access.PUBLIC),
    Route("POST", A + "/_live/ticket", Local(live.ticket), Access.USER),
    # Accounts of an app
    Route("POST", A + "/auth/login", Local(accounts.login), Access.PUBLIC),
    Route("POST", A + "/auth/refresh", Local(accounts.refresh), Access.PUBLIC),
    Route("POST", A + "/auth/logout", Local(accounts.logout), Access.PUBLIC),
    Route("POST", A + "/auth/accept-invite", Local(accounts.accept_invite), Access.PUBLIC),
    Route("POST", A + "/auth/forgot-password", Local(accounts.forgot_password), Access.PUBLIC),
    Route("POST", A + "/auth/reset-password", Local(accounts.reset_password), Access.PUBLIC),
    Route("GET", A + "/auth/me", Local(accounts.me), Access.USER),
    Route("PUT", A + "/auth/password", Local(accounts.change_password), Access.USER),
    Route("GET", A + "/auth/sessions", Local(accounts.list_sessions), Access.USER),
    Route("DELETE", A + "/auth/sessions", Local(accounts.end_sessions, taking("keep")), Access.USER),
    Route("DELETE", A + "/auth/sessions/{id}", Local(accounts.end_session), Access.USER),
    Route("POST", A + "/auth/totp/enroll", Local(accounts.enroll_totp), Access.USER),
    Route("POST", A + "/auth/totp/confirm", Local(accounts.confirm_totp), Access.USER),
    Route("POST", A + "/auth/totp/disable", Local(accounts.disable_totp), Access.USER),
    Route("GET", A + "/_admin/users", Local(people.list_users), Access.ADMIN),
    Route("POST", A + "/_admin/users", Local(once(people.create_user)), Access.ADMIN),
    Route("GET", A + "/_admin/users/{id}", Local(people.get_user), Access.ADMIN),
    Route("PUT", A + "/_admin/users/{id}", Local(once(people.replace_user)), Access.ADMIN),
    Route("DELETE", A + "/_admin/users/{id}", Local(once(people.delete_user)), Access.ADMIN),
    Route("DELETE", A + "/_admin/users/{id}/totp", Local(once(people.remove_totp)), Access.ADMIN),
    Route("GET", A + "/_admin/invites", Local(people.list_invites), Access.ADMIN),
    Route("POST", A + "/_admin/invites", Local(once(people.create_invite)), Access.ADMIN),
    Route("POST", A + "/_admin/invites/bulk", Local(once(people.create_invites)), Access.ADMIN),
    Route("GET", A + "/_admin/invites/{id}", Local(people.get_invite), Access.ADMIN),
    Route("DELETE", A + "/_admin/invites/{id}", Local(once(people.delete_invite)), Access.ADMIN),
    Route("GET", A + "/_admin/api-keys", Local(people.list_api_keys), Access.ADMIN),
    Route("POST", A + "/_admin/api-keys", Local(once(people.create_api_key)), Access.ADMIN),
    Route("GET", A + "/_admin/api-keys/{id}", Local(people.get_api_key), Access.ADMIN),
    Route("DELETE", A + "/_admin/api-keys/{id}", Local(once(people.delete_api_key)), Access.ADMIN),
    Route("GET", A + "/_admin/signing-keys", Local(people.list_signing_keys), Access.ADMIN),
    Route("POST", A + "/_admin/signing-keys/rotate", Local(people.rotate_signing_keys), Access.ADMIN),
    # What has happened
    Route("GET", A + "/_admin/webhook-logs", webhooks.ListDeliveries, Access.ADMIN),
    Route("GET", A + "/_admin/webhook-logs/{id}", webhooks.GetDelivery, Access.ADMIN),
    Route("POST", A + "/_admin/webhook-logs/{id}/retry", webhooks.RetryDelivery, Access.ADMIN),
    Route("GET", A + "/_admin/webhooks", Local(endpoints.list_webhooks), Access.ADMIN),
    Route(
        "GET", A + "/_admin/webhooks/{id}", Local(endpoints.get_webhook, apps.GetDefinition.parameters), Access.ADMIN
    ),
    Route("POST", A + "/_admin/webhooks/{id}/test", webhooks.SendExample, Access.ADMIN),
    Route("POST", A + "/_admin/webhooks/{id}/enable", webhooks.EnableWebhook, Access.ADMIN),
    Route("POST", A + "/_admin/webhooks/{id}/rotate-secret", webhooks.RotateSecret, Access.ADMIN),
    Route("POST", A + "/_admin/webhooks/{id}/replay", webhooks.ReplayWebhook, Access.ADMIN),
    Route("GET", A + "/_admin/webhooks/{id}/replays", webhooks.ListReplays, Access.ADMIN),
    Route("GET", A + "/_admin/notifications", notifications.ListNotifications, Access.ADMIN),
    Route("POST", A + "/_admin/notifications/{id}/retry", notifications.RetryNotification, Access.ADMIN),
    Route("GET", A + "/_admin/audit-logs", events.ListAuditLogs, Access.ADMIN),
    Route("GET", A + "/_admin/subscribers", subscribers.ListSubscribers, Access.ADMIN),
    Route("POST", A + "/_admin/subscribers", Local(new_subscribers.create), Access.ADMIN),
    Route("DELETE", A + "/_admin/subscribers/{id}", subscribers.DeleteSubscriber, Access.ADMIN),
    Route("GET", A + "/_admin/dead-letters", Local(operations.dead_letters), Access.ADMIN),
    Route("POST", A + "/_admin/dead-letters/{service}/{id}/replay", Local(once(operations.replay)), Access.ADMIN),
    Route("DELETE", A + "/_admin/dead-letters/{service}/{id}", Local(once(operations.discard)), Access.ADMIN),
    Route("GET", A + "/_admin/projections", Local(projections.projections), Access.ADMIN),
    Route("POST", A + "/_admin/projections/{name}/verify", Local(once(projections.verify)), Access.ADMIN),
    Route("POST", A + "/_admin/projections/{name}/rebuild", Local(once(projections.rebuild)), Access.ADMIN),
    Route("GET", A + "/_admin/projections/{name}/replays/{id}", Local(projections.replay), Access.ADMIN),
    Route("POST", A + "/_admin/log/repair", Local(once(projections.repair)), Access.ADMIN),
    Route("POST", A + "/_events", events.RecordEvent, Access.USER),
    Route("GET", A + "/_events", events.ListEvents, Access.ADMIN),
    Route("GET", A + "/_events/stats", events.GetStats, Access.ADMIN),
    Route("GET", A + "/_events/trace/{trace_id}", events.GetTrace, Access.ADMIN),
    # Definitions, all at once and of every kind
    Route("GET", A + "/_admin/export", apps.ExportApp, Access.ADMIN),
    Route("POST", A + "/_admin/import", apps.ImportApp, Access.ADMIN),
    Route("POST", A + "/_admin/rules/try", records.TryRule, Access.ADMIN),
    Route("POST", A + "/_admin/explain", Local(explaining.explain), Access.ADMIN),
    Route("POST", A + "/_admin/schema/plan", apps.PlanSchema, Access.ADMIN),
    Route("POST", A + "/_admin/schema/apply", apps.ApplySchema, Access.ADMIN),
    Route("GET", A + "/_admin/{kind}", apps.ListDefinitions, Access.ADMIN),
    Route("POST", A + "/_admin/{kind}", apps.CreateDefinition, Access.ADMIN),
    Route("GET", A + "/_admin/{kind}/{id}", apps.GetDefinition, Access.ADMIN),
    Route("PUT", A + "/_admin/{kind}/{id}", apps.ReplaceDefinition, Access.ADMIN),
    Route("PATCH", A + "/_admin/{kind}/{id}", apps.PatchDefinition, Access.ADMIN),
    Route("DELETE", A + "/_admin/{kind}/{id}", apps.DeleteDefinition, Access.ADMIN),
    Route("GET", A + "/_admin/{kind}/{id}/versions", apps.ListVersions, Access.ADMIN),
    Route("POST", A + "/_admin/{kind}/{id}/restore", apps.RestoreDefinition, Access.ADMIN),
    # What UIs are told
    Route("GET", A + "/_ui/configs", apps.ListUiConfigs, Access.USER),
    Route("GET", A + "/_ui/config/{entity_name}", apps.GetUiConfig, Access.USER),
    # Files
    Route("POST", A + "/_files/upload", Local(uploads.upload), Access.USER),
    Route("GET", A + "/_files", files.ListFiles, Access.ADMIN),
    Route("GET", A + "/_files/{id}", Local(downloads.download), Access.USER),
    Route("HEAD", A + "/_files/{id}", Local(downloads.download), Access.USER),
    Route("DELETE", A + "/_files/{id}", Local(once(uploads.remove), taking("force")), Access.ADMIN),
    # Workflows and notifications
    Route("GET", A + "/_workflows", workflows.ListInstances, Access.USER),
    Route("GET", A + "/_workflows/pending", workflows.ListPending, Access.USER),
    Route("GET", A + "/_workflows/{id}", workflows.GetInstance, Access.USER),
    Route("DELETE", A + "/_workflows/{id}", workflows.DeleteInstance, Access.USER),
    Route("POST", A + "/_workflows/{id}/approve", workflows.ApproveInstance, Access.USER),
    Route("POST", A + "/_workflows/{id}/reject", workflows.RejectInstance, Access.USER),
    Route("GET", A + "/_notifications", notifications.ListInbox, Access.USER),
    Route("POST", A + "/_notifications/read-all", notifications.ReadAllNotifications, Access.USER),
    Route("POST", A + "/_notifications/{id}/read", notifications.ReadNotification, Access.USER),
)
