"""The one routing table: method, path, what answers, and who may call it. First match wins."""

from __future__ import annotations

from libs.shared.contracts import (
    accounts,
    activity,
    apps,
    auth_providers,
    causality,
    comments,
    commits,
    dashboards,
    definitions,
    delegations,
    events,
    files,
    imports,
    notifications,
    records,
    settings,
    subscribers,
    trials,
    views,
    webhooks,
    workflow_reads,
    workflows,
)
from libs.shared.contracts.operations import ReplayBody
from libs.shared.contracts.permissions import EffectBody
from libs.shared.parameters import FREE, taking
from services.gateway.http import (
    admin_ui,
    api_documents,
    branding,
    downloads,
    explanations,
    exports,
    live,
    operations,
    overview,
    projections,
    uploads,
)
from services.gateway.http import imports as imports_http
from services.gateway.http import sso as sso_http
from services.gateway.http import webhooks as endpoints
from services.gateway.http.realm_handlers import in_realm
from services.gateway.http.sso import in_sso
from services.gateway.identity import (
    api_keys,
    factors,
    invites,
    login,
    own_account,
    resets,
    rotation,
    sessions,
    users,
    view_tokens,
)
from services.gateway.identity.sso import handover, logouts, providers
from services.gateway.routing.route import Access, Local, Route

P = "/api/_platform"
A = "/api/{app}"
RECORDS = A + "/{entity:[A-Za-z][A-Za-z0-9_]*}"


def _single_sign_on(base: str) -> tuple[Route, ...]:
    """The logins at providers of an app, or of the platform."""
    oidc = base + "/auth/oidc/{provider}"
    return (
        Route("GET", base + "/auth/providers", in_sso(providers.list_login_methods), Access.PUBLIC),
        Route(
            "POST",
            base + "/auth/sso/exchange",
            in_sso(handover.exchange, auth_providers.SsoExchangeBody),
            Access.PUBLIC,
        ),
        Route("GET", oidc + "/start", sso_http.start("oidc"), Access.PUBLIC),
        Route("GET", oidc + "/callback", sso_http.finish("oidc"), Access.PUBLIC),
        Route("POST", oidc + "/backchannel-logout", Local(sso_http.backchannel_logout), Access.PUBLIC),
    )


def _auth_providers(path: str, access: Access) -> tuple[Route, ...]:
    """The management of providers."""
    body = auth_providers.AuthProviderBody
    return (
        Route("GET", path, in_sso(providers.list_providers), access),
        Route("POST", path, in_sso(providers.create_provider, body), access),
        Route(
            "POST",
            path + "/try-mapping",
            in_sso(providers.try_mapping, auth_providers.MappingTrialBody),
            access,
            reads=True,
        ),
        Route("GET", path + "/{id}", in_sso(providers.get_provider), access),
        Route("PUT", path + "/{id}", in_sso(providers.replace_provider, body), access),
        Route("DELETE", path + "/{id}", in_sso(providers.delete_provider), access),
        Route("POST", path + "/{id}/test", in_sso(providers.test_provider), access),
    )


ROUTES = (
    # Operating
    Route("GET", "/health", Local(operations.health), Access.PUBLIC),
    Route("GET", "/healthz", Local(operations.health), Access.PUBLIC),
    Route("GET", "/readyz", Local(operations.ready, taking("self")), Access.PUBLIC),
    Route("GET", "/metrics", Local(operations.metrics), Access.PUBLIC),
    Route("GET", "/openapi.json", Local(api_documents.product), Access.PUBLIC),
    Route("GET", "/asyncapi.json", Local(api_documents.asyncapi), Access.PUBLIC),
    # The Admin UI
    Route("GET", "/", Local(admin_ui.home, FREE), Access.PUBLIC),
    Route("GET", "/admin", Local(admin_ui.admin_ui, FREE), Access.PUBLIC),
    Route("GET", "/admin/{path:**}", Local(admin_ui.admin_ui, FREE), Access.PUBLIC),
    # The platform
    Route("POST", P + "/auth/login", in_realm(login.login, accounts.LoginBody), Access.PUBLIC),
    Route("POST", P + "/auth/refresh", in_sso(logouts.refresh, accounts.RefreshBody), Access.PUBLIC),
    Route("POST", P + "/auth/logout", Local(sso_http.logout, body=auth_providers.LogoutBody), Access.PUBLIC),
    *_single_sign_on(P),
    Route("GET", P + "/auth/me", in_realm(own_account.me), Access.PLATFORM),
    Route(
        "PUT", P + "/auth/password", in_realm(own_account.change_password, accounts.PasswordChangeBody), Access.PLATFORM
    ),
    Route("GET", P + "/auth/sessions", in_realm(sessions.list_own), Access.PLATFORM),
    Route("DELETE", P + "/auth/sessions", in_realm(sessions.end_own, parameters=taking("keep")), Access.PLATFORM),
    Route("DELETE", P + "/auth/sessions/{id}", in_realm(sessions.end_one), Access.PLATFORM),
    Route("POST", P + "/auth/totp/enroll", in_realm(factors.enroll, accounts.PasswordBody), Access.PLATFORM),
    Route("POST", P + "/auth/totp/confirm", in_realm(factors.confirm, accounts.TotpConfirmBody), Access.PLATFORM),
    Route("POST", P + "/auth/totp/disable", in_realm(factors.disable, accounts.TotpDisableBody), Access.PLATFORM),
    Route("GET", P + "/users", in_realm(users.list_users), Access.PLATFORM),
    Route("POST", P + "/users", in_realm(users.create_user, accounts.NewUserBody), Access.PLATFORM),
    Route("GET", P + "/users/{id}", in_realm(users.get_user), Access.PLATFORM),
    Route("PUT", P + "/users/{id}", in_realm(users.replace_user, accounts.UserBody), Access.PLATFORM),
    Route("DELETE", P + "/users/{id}", in_realm(users.delete_user), Access.PLATFORM),
    Route("DELETE", P + "/users/{id}/totp", in_realm(factors.remove_from_user), Access.PLATFORM),
    *_auth_providers(P + "/identity-providers", Access.PLATFORM),
    Route("GET", P + "/signing-keys", in_realm(rotation.list_keys), Access.PLATFORM),
    Route("POST", P + "/signing-keys/rotate", in_realm(rotation.rotate, accounts.KeyRotationBody), Access.PLATFORM),
    Route("GET", P + "/apps", apps.ListApps, Access.PLATFORM),
    Route("POST", P + "/apps", apps.CreateApp, Access.PLATFORM),
    Route("GET", P + "/apps/{app_name}", apps.GetApp, Access.PLATFORM),
    Route("PUT", P + "/apps/{app_name}", apps.ChangeApp, Access.PLATFORM),
    Route("PATCH", P + "/apps/{app_name}", apps.ChangeApp, Access.PLATFORM),
    Route("DELETE", P + "/apps/{app_name}", apps.DeleteApp, Access.PLATFORM),
    # Where an entity called docs has its list; the page knows.
    Route("GET", A + "/docs", Local(api_documents.docs, records.ListRecords.parameters), Access.PUBLIC),
    # Records come first among the routes of an app: they are asked for most, and matched in order.
    Route("GET", RECORDS, records.ListRecords, Access.USER),
    Route("POST", RECORDS, records.CreateRecord, Access.USER),
    Route("GET", RECORDS + "/_export", Local(exports.export, records.ExportRecords.parameters), Access.USER),
    Route("GET", RECORDS + "/_aggregate", records.AggregateRecords, Access.USER),
    Route("GET", RECORDS + "/_changes", records.CompareLists, Access.USER),
    Route("GET", RECORDS + "/_live", Local(live.watch_entity, live.PARAMETERS), Access.PUBLIC),
    # Before single records: no key begins with _.
    Route("POST", RECORDS + "/_bulk", records.CreateRecords, Access.USER),
    Route("PUT", RECORDS + "/_bulk", records.UpdateRecords, Access.USER),
    Route("PATCH", RECORDS + "/_bulk", records.UpdateRecords, Access.USER),
    Route("DELETE", RECORDS + "/_bulk", records.DeleteRecords, Access.USER),
    Route("POST", RECORDS + "/_bulk/restore", records.RestoreRecords, Access.USER),
    Route("POST", RECORDS + "/_import", Local(imports_http.import_file, imports_http.PARAMETERS), Access.USER),
    Route("GET", RECORDS + "/_imports", imports.ListImports, Access.USER),
    Route("GET", RECORDS + "/_imports/{id}", imports.GetImport, Access.USER),
    Route(
        "GET",
        RECORDS + "/_imports/{id}/errors",
        Local(imports_http.refused_rows, imports.ListRefusedRows.parameters),
        Access.USER,
    ),
    Route("POST", RECORDS + "/_imports/{id}/cancel", imports.CancelImport, Access.USER),
    Route("POST", RECORDS + "/_imports/{id}/resume", Local(imports_http.waking(imports.ResumeImport)), Access.USER),
    Route("POST", RECORDS + "/_imports/{id}/undo", Local(imports_http.waking(imports.UndoImport)), Access.USER),
    Route("GET", RECORDS + "/{id}", records.GetRecord, Access.USER),
    Route("PUT", RECORDS + "/{id}", records.UpdateRecord, Access.USER),
    Route("PATCH", RECORDS + "/{id}", records.UpdateRecord, Access.USER),
    Route("DELETE", RECORDS + "/{id}", records.DeleteRecord, Access.USER),
    Route("GET", RECORDS + "/{id}/history", records.RecordHistory, Access.USER),
    Route("POST", RECORDS + "/{id}/restore", records.RestoreRecord, Access.USER),
    Route("GET", RECORDS + "/{id}/activity", activity.ListActivity, Access.USER),
    Route("GET", RECORDS + "/{id}/comments", comments.ListComments, Access.USER),
    Route("POST", RECORDS + "/{id}/comments", comments.CreateComment, Access.USER),
    Route("GET", RECORDS + "/{id}/comments/{comment_id}", comments.GetComment, Access.USER),
    Route("PUT", RECORDS + "/{id}/comments/{comment_id}", comments.EditComment, Access.USER),
    Route("PATCH", RECORDS + "/{id}/comments/{comment_id}", comments.EditComment, Access.USER),
    Route("DELETE", RECORDS + "/{id}/comments/{comment_id}", comments.DeleteComment, Access.USER),
    Route("GET", RECORDS + "/{id}/comments/{comment_id}/history", comments.CommentHistory, Access.USER),
    Route("GET", RECORDS + "/{id}/mentionable", comments.ListMentionable, Access.USER),
    Route("GET", RECORDS + "/{id}/transitions", trials.ListTransitions, Access.USER),
    Route("GET", RECORDS + "/{id}/listed", trials.CheckListed, Access.USER),
    # Commits: what belongs together
    Route("GET", A + "/_commits", commits.ListCommits, Access.ADMIN),
    Route("GET", A + "/_commits/{commit_id}", commits.GetCommit, Access.USER),
    Route("POST", A + "/_commits/{commit_id}/undo", commits.UndoCommit, Access.USER),
    # Descriptions of the app
    Route("GET", A + "/openapi.json", Local(api_documents.openapi), Access.USER),
    Route("GET", A + "/_schema", Local(api_documents.app_schema), Access.USER),
    Route("GET", A + "/asyncapi.json", Local(api_documents.asyncapi), Access.ADMIN),
    # Live streams
    Route("GET", A + "/_live", Local(live.watch_entities, taking("entities", *live.OWN_PARAMETERS)), Access.PUBLIC),
    Route("POST", A + "/_live/ticket", Local(live.ticket), Access.USER, reads=True),
    # Accounts of an app
    Route("POST", A + "/auth/login", in_realm(login.login, accounts.LoginBody), Access.PUBLIC),
    Route("POST", A + "/auth/refresh", in_sso(logouts.refresh, accounts.RefreshBody), Access.PUBLIC),
    Route("POST", A + "/auth/logout", Local(sso_http.logout, body=auth_providers.LogoutBody), Access.PUBLIC),
    *_single_sign_on(A),
    Route("POST", A + "/auth/accept-invite", in_realm(invites.accept, accounts.TokenPasswordBody), Access.PUBLIC),
    Route("POST", A + "/auth/forgot-password", in_realm(resets.forgot, accounts.ForgotPasswordBody), Access.PUBLIC),
    Route("POST", A + "/auth/reset-password", in_realm(resets.reset, accounts.TokenPasswordBody), Access.PUBLIC),
    Route("GET", A + "/auth/me", in_realm(own_account.me), Access.USER),
    Route("PUT", A + "/auth/password", in_realm(own_account.change_password, accounts.PasswordChangeBody), Access.USER),
    Route("GET", A + "/auth/sessions", in_realm(sessions.list_own), Access.USER),
    Route("DELETE", A + "/auth/sessions", in_realm(sessions.end_own, parameters=taking("keep")), Access.USER),
    Route("DELETE", A + "/auth/sessions/{id}", in_realm(sessions.end_one), Access.USER),
    Route("POST", A + "/auth/totp/enroll", in_realm(factors.enroll, accounts.PasswordBody), Access.USER),
    Route("POST", A + "/auth/totp/confirm", in_realm(factors.confirm, accounts.TotpConfirmBody), Access.USER),
    Route("POST", A + "/auth/totp/disable", in_realm(factors.disable, accounts.TotpDisableBody), Access.USER),
    Route("GET", A + "/_admin/users", in_realm(users.list_users), Access.ADMIN),
    Route(
        "POST", A + "/_admin/users", in_realm(users.create_user, accounts.NewUserBody, idempotent=True), Access.ADMIN
    ),
    Route("GET", A + "/_admin/users/{id}", in_realm(users.get_user), Access.ADMIN),
    Route(
        "PUT", A + "/_admin/users/{id}", in_realm(users.replace_user, accounts.UserBody, idempotent=True), Access.ADMIN
    ),
    Route("DELETE", A + "/_admin/users/{id}", in_realm(users.delete_user, idempotent=True), Access.ADMIN),
    Route("DELETE", A + "/_admin/users/{id}/totp", in_realm(factors.remove_from_user, idempotent=True), Access.ADMIN),
    Route("POST", A + "/_admin/users/{id}/view-token", in_realm(view_tokens.create_view_token), Access.ADMIN),
    Route("GET", A + "/_admin/invites", in_realm(invites.list_invites), Access.ADMIN),
    Route(
        "POST",
        A + "/_admin/invites",
        in_realm(invites.create_invite, accounts.InviteBody, idempotent=True),
        Access.ADMIN,
    ),
    Route(
        "POST",
        A + "/_admin/invites/bulk",
        in_realm(invites.create_invites, accounts.InvitesBody, idempotent=True),
        Access.ADMIN,
    ),
    Route("GET", A + "/_admin/invites/{id}", in_realm(invites.get_invite), Access.ADMIN),
    Route("DELETE", A + "/_admin/invites/{id}", in_realm(invites.delete_invite, idempotent=True), Access.ADMIN),
    Route("GET", A + "/_admin/api-keys", in_realm(api_keys.list_keys), Access.ADMIN),
    Route(
        "POST",
        A + "/_admin/api-keys",
        in_realm(api_keys.create_key, accounts.ApiKeyBody, idempotent=True),
        Access.ADMIN,
    ),
    Route("GET", A + "/_admin/api-keys/{id}", in_realm(api_keys.get_key), Access.ADMIN),
    Route("DELETE", A + "/_admin/api-keys/{id}", in_realm(api_keys.delete_key, idempotent=True), Access.ADMIN),
    *_auth_providers(A + "/_admin/auth-providers", Access.ADMIN),
    Route("GET", A + "/_admin/signing-keys", in_realm(rotation.list_keys), Access.ADMIN),
    Route("POST", A + "/_admin/signing-keys/rotate", in_realm(rotation.rotate, accounts.KeyRotationBody), Access.ADMIN),
    # Logs, deliveries, projections
    Route("GET", A + "/_admin/webhook-logs", webhooks.ListDeliveries, Access.ADMIN),
    Route("GET", A + "/_admin/webhook-logs/{id}", webhooks.GetDelivery, Access.ADMIN),
    Route("POST", A + "/_admin/webhook-logs/{id}/retry", webhooks.RetryDelivery, Access.ADMIN),
    Route("GET", A + "/_admin/webhooks", Local(endpoints.list_webhooks), Access.ADMIN),
    Route(
        "GET",
        A + "/_admin/webhooks/{id}",
        Local(endpoints.get_webhook, definitions.GetDefinition.parameters),
        Access.ADMIN,
    ),
    Route("POST", A + "/_admin/webhooks/{id}/test", webhooks.SendExample, Access.ADMIN),
    Route("POST", A + "/_admin/webhooks/{id}/enable", webhooks.EnableWebhook, Access.ADMIN),
    Route("POST", A + "/_admin/webhooks/{id}/rotate-secret", webhooks.RotateSecret, Access.ADMIN),
    Route("POST", A + "/_admin/webhooks/{id}/replay", webhooks.ReplayWebhook, Access.ADMIN),
    Route("GET", A + "/_admin/webhooks/{id}/replays", webhooks.ListReplays, Access.ADMIN),
    Route("GET", A + "/_admin/notifications", notifications.ListNotifications, Access.ADMIN),
    Route("POST", A + "/_admin/notifications/{id}/retry", notifications.RetryNotification, Access.ADMIN),
    Route("GET", A + "/_admin/audit-logs", events.ListAuditLogs, Access.ADMIN),
    Route(
        "GET",
        A + "/_admin/audit-logs/_export",
        Local(exports.export_audit, events.ExportAuditLogs.parameters),
        Access.ADMIN,
    ),
    Route("GET", A + "/_admin/subscribers", subscribers.ListSubscribers, Access.ADMIN),
    Route("POST", A + "/_admin/subscribers", subscribers.CreateSubscriber, Access.ADMIN),
    Route("DELETE", A + "/_admin/subscribers/{id}", subscribers.DeleteSubscriber, Access.ADMIN),
    Route("GET", A + "/_admin/dead-letters", Local(operations.dead_letters), Access.ADMIN),
    Route(
        "POST",
        A + "/_admin/dead-letters/{service}/{id}/replay",
        Local(operations.replay, idempotent=True),
        Access.ADMIN,
    ),
    Route(
        "DELETE", A + "/_admin/dead-letters/{service}/{id}", Local(operations.discard, idempotent=True), Access.ADMIN
    ),
    Route("GET", A + "/_admin/overview", Local(overview.overview), Access.ADMIN),
    Route("GET", A + "/_admin/projections", Local(projections.projections), Access.ADMIN),
    Route(
        "POST",
        A + "/_admin/projections/{name}/verify",
        Local(projections.verify, body=ReplayBody, idempotent=True),
        Access.ADMIN,
    ),
    Route(
        "POST",
        A + "/_admin/projections/{name}/rebuild",
        Local(projections.rebuild, body=ReplayBody, idempotent=True),
        Access.ADMIN,
    ),
    Route("GET", A + "/_admin/projections/{name}/replays/{id}", Local(projections.replay), Access.ADMIN),
    Route(
        "POST",
        A + "/_admin/log/repair",
        Local(projections.repair, body=commits.RepairBody, idempotent=True),
        Access.ADMIN,
    ),
    Route("POST", A + "/_events", events.RecordEvent, Access.USER),
    Route("GET", A + "/_events", events.ListEvents, Access.ADMIN),
    Route("GET", A + "/_events/_live", Local(live.watch_events, live.EVENTS_PARAMETERS), Access.PUBLIC),
    Route("GET", A + "/_events/stats", events.GetStats, Access.ADMIN),
    Route("GET", A + "/_events/trace/{trace_id}", events.GetTrace, Access.ADMIN),
    Route("GET", A + "/_events/causality/{trace_id}", causality.GetCausality, Access.ADMIN),
    # Definitions, all at once and of every kind
    Route("GET", A + "/_admin/export", apps.ExportApp, Access.ADMIN),
    Route("POST", A + "/_admin/import", apps.ImportApp, Access.ADMIN),
    Route("POST", A + "/_admin/rules/try", trials.TryRule, Access.ADMIN, reads=True),
    Route("POST", A + "/_admin/state-machines/try", trials.TryMachine, Access.ADMIN, reads=True),
    Route(
        "POST",
        A + "/_admin/explain",
        Local(explanations.explain, body=trials.ExplainBody),
        Access.ADMIN,
        reads=True,
    ),
    Route(
        "POST",
        A + "/_admin/permissions/effect",
        Local(explanations.compare_permissions, body=EffectBody),
        Access.ADMIN,
        reads=True,
    ),
    Route("POST", A + "/_admin/schema/plan", apps.PlanSchema, Access.ADMIN, reads=True),
    Route("POST", A + "/_admin/schema/apply", apps.ApplySchema, Access.ADMIN),
    Route("GET", A + "/_admin/settings", settings.GetSettings, Access.ADMIN),
    Route("PUT", A + "/_admin/settings", settings.ReplaceSettings, Access.ADMIN),
    Route("PATCH", A + "/_admin/settings", settings.PatchSettings, Access.ADMIN),
    Route("GET", A + "/_admin/settings/versions", settings.ListSettingsVersions, Access.ADMIN),
    Route("POST", A + "/_admin/settings/restore", settings.RestoreSettings, Access.ADMIN),
    Route("POST", A + "/_admin/workflows/{id}/migrate", workflow_reads.MigrateInstances, Access.ADMIN),
    Route("POST", A + "/_admin/workflows/{id}/simulate", workflow_reads.SimulateWorkflow, Access.ADMIN),
    Route("GET", A + "/_admin/{kind}", definitions.ListDefinitions, Access.ADMIN),
    Route("POST", A + "/_admin/{kind}", definitions.CreateDefinition, Access.ADMIN),
    Route("GET", A + "/_admin/{kind}/{id}", definitions.GetDefinition, Access.ADMIN),
    Route("PUT", A + "/_admin/{kind}/{id}", definitions.ReplaceDefinition, Access.ADMIN),
    Route("PATCH", A + "/_admin/{kind}/{id}", definitions.PatchDefinition, Access.ADMIN),
    Route("DELETE", A + "/_admin/{kind}/{id}", definitions.DeleteDefinition, Access.ADMIN),
    Route("GET", A + "/_admin/{kind}/{id}/versions", definitions.ListVersions, Access.ADMIN),
    Route("POST", A + "/_admin/{kind}/{id}/restore", definitions.RestoreDefinition, Access.ADMIN),
    # Configurations of UIs
    Route("GET", A + "/_ui/branding", Local(branding.branding), Access.PUBLIC),
    Route("GET", A + "/_ui/configs", definitions.ListUiConfigs, Access.USER),
    Route("GET", A + "/_ui/config/{entity_name}", definitions.GetUiConfig, Access.USER),
    # Dashboards
    Route("GET", A + "/_dashboards", dashboards.ListDashboards, Access.USER),
    Route("GET", A + "/_dashboards/{id}", dashboards.GetDashboard, Access.USER),
    Route("GET", A + "/_dashboards/{id}/data", dashboards.GetDashboardData, Access.USER),
    # Saved views
    Route("GET", A + "/_views", views.ListViews, Access.USER),
    Route("POST", A + "/_views", views.CreateView, Access.USER),
    Route("GET", A + "/_views/{id}", views.GetView, Access.USER),
    Route("PUT", A + "/_views/{id}", views.ReplaceView, Access.USER),
    Route("PATCH", A + "/_views/{id}", views.PatchView, Access.USER),
    Route("DELETE", A + "/_views/{id}", views.DeleteView, Access.USER),
    # Files
    Route("POST", A + "/_files/upload", Local(uploads.upload), Access.USER),
    Route("GET", A + "/_files", files.ListFiles, Access.ADMIN),
    Route("GET", A + "/_files/{id}", Local(downloads.download), Access.USER),
    Route("HEAD", A + "/_files/{id}", Local(downloads.download), Access.USER),
    Route(
        "DELETE", A + "/_files/{id}", Local(uploads.remove, idempotent=True, parameters=taking("force")), Access.ADMIN
    ),
    # Workflows and notifications
    Route("GET", A + "/_workflows", workflows.ListInstances, Access.USER),
    Route("GET", A + "/_workflows/pending", workflows.ListPending, Access.USER),
    Route("POST", A + "/_workflows/start", workflows.StartInstance, Access.USER),
    Route("GET", A + "/_workflows/startable", workflows.ListStartable, Access.USER),
    Route("GET", A + "/_workflows/delegations", delegations.ListDelegations, Access.USER),
    Route("POST", A + "/_workflows/delegations", delegations.CreateDelegation, Access.USER),
    Route("DELETE", A + "/_workflows/delegations/{id}", delegations.DeleteDelegation, Access.USER),
    Route("GET", A + "/_workflows/kpis", workflow_reads.GetWorkflowKpis, Access.USER),
    Route("POST", A + "/_workflows/_bulk", workflow_reads.DecideInstances, Access.USER),
    Route("GET", A + "/_workflows/{id}/history", workflow_reads.ListInstanceHistory, Access.USER),
    Route("GET", A + "/_workflows/{id}/graph", workflow_reads.GetInstanceGraph, Access.USER),
    Route("GET", A + "/_workflows/{id}", workflows.GetInstance, Access.USER),
    Route("DELETE", A + "/_workflows/{id}", workflows.DeleteInstance, Access.USER),
    Route("POST", A + "/_workflows/{id}/approve", workflows.ApproveInstance, Access.USER),
    Route("POST", A + "/_workflows/{id}/reject", workflows.RejectInstance, Access.USER),
    Route("POST", A + "/_workflows/{id}/cancel", workflows.CancelInstance, Access.USER),
    Route("POST", A + "/_workflows/{id}/reassign", workflows.ReassignSeat, Access.USER),
    Route("POST", A + "/_workflows/{id}/return", workflows.ReturnInstance, Access.USER),
    Route("POST", A + "/_workflows/{id}/retry", workflows.RetryInstance, Access.USER),
    Route("GET", A + "/_notifications", notifications.ListInbox, Access.USER),
    Route("POST", A + "/_notifications/read-all", notifications.ReadAllNotifications, Access.USER),
    Route("GET", A + "/_notifications/unread-count", notifications.CountUnread, Access.USER),
    Route("POST", A + "/_notifications/{id}/read", notifications.ReadNotification, Access.USER),
    Route("POST", A + "/_notifications/{id}/unread", notifications.UnreadNotification, Access.USER),
)
