"""The data service: its endpoints, workers and projections."""

from __future__ import annotations

from libs.shared.contracts import activity as activity_contracts
from libs.shared.contracts import comments as comment_contracts
from libs.shared.contracts import commits as contracts
from libs.shared.contracts import dashboards as dashboard_contracts
from libs.shared.contracts import effects, files, imports, live, permissions, records, trials
from libs.shared.contracts.causality import FindCommits
from libs.shared.contracts.figures import CountFigures
from libs.shared.contracts.operations import of
from libs.shared.replays import Projection
from libs.shared.runtime import Service
from services.data.handlers import (
    activity,
    authorization,
    bulk_writes,
    causality,
    comments,
    commits,
    dashboards,
    explanation,
    exports,
    import_work,
    list_differences,
    log_reads,
    machine_trials,
    permission_effects,
    record_counts,
    record_history,
    record_reads,
    record_writes,
    repairs,
    rule_trials,
    transitions,
)
from services.data.handlers import effects as effect_handlers
from services.data.handlers import files as file_handlers
from services.data.handlers import imports as import_handlers
from services.data.handlers import live as live_handlers
from services.data.replays import log_verification, rebuilding, tables
from services.data.replays.progress import progress
from services.data.settings import DataSettings
from services.data.state import open_state

SERVICE = Service(
    name="data",
    open=open_state,
    settings=DataSettings,
    endpoints={
        records.ListRecords: record_reads.list_records,
        records.AggregateRecords: record_reads.aggregate_records,
        dashboard_contracts.ListDashboards: dashboards.list_dashboards,
        dashboard_contracts.GetDashboard: dashboards.get_dashboard,
        dashboard_contracts.GetDashboardData: dashboards.get_dashboard_data,
        records.CompareLists: list_differences.compare_lists,
        records.ExportRecords: exports.export_records,
        records.GetRecord: record_reads.get_record,
        records.CreateRecord: record_writes.create_record,
        records.UpdateRecord: record_writes.update_record,
        records.DeleteRecord: record_writes.delete_record,
        records.CreateRecords: bulk_writes.create_records,
        records.UpdateRecords: bulk_writes.update_records,
        records.DeleteRecords: bulk_writes.delete_records,
        records.RestoreRecords: bulk_writes.restore_records,
        records.RestoreRecord: record_writes.restore_record,
        records.RecordHistory: record_history.record_history,
        comment_contracts.ListComments: comments.list_comments,
        comment_contracts.CreateComment: comments.create_comment,
        comment_contracts.GetComment: comments.get_comment,
        comment_contracts.EditComment: comments.edit_comment,
        comment_contracts.DeleteComment: comments.delete_comment,
        comment_contracts.CommentHistory: comments.comment_history,
        comment_contracts.ListMentionable: comments.list_mentionable,
        comment_contracts.AddComment: comments.add_comment,
        activity_contracts.DescribeActivity: activity.describe_activity,
        contracts.FetchCommit: log_reads.fetch_commit,
        contracts.ReadLog: log_reads.read_log,
        contracts.ListCommits: commits.list_commits,
        contracts.GetCommit: commits.get_commit,
        contracts.UndoCommit: record_writes.undo_commit,
        contracts.RepairLog: repairs.repair_log,
        contracts.LocateRange: log_reads.locate_range,
        contracts.ReadEntityLog: log_reads.read_entity_log,
        effects.SetFields: effect_handlers.set_fields,
        effects.AddRecord: effect_handlers.add_record,
        effects.RemoveRecord: effect_handlers.remove_record,
        effects.MoveState: effect_handlers.move_state,
        effects.FetchRecords: effect_handlers.fetch_records,
        effects.PageRecords: effect_handlers.page_records,
        trials.TryRule: rule_trials.try_rule,
        trials.TryMachine: machine_trials.try_machine,
        trials.ListTransitions: transitions.list_transitions,
        trials.CheckListed: explanation.check_listed,
        records.AuthorizeRecords: authorization.authorize_records,
        trials.ExplainAccess: explanation.explain_access,
        permissions.ComparePolicies: permission_effects.compare_policies,
        files.AnnounceFile: file_handlers.announce_file,
        files.RegisterFile: file_handlers.register_file,
        files.FindFile: file_handlers.find_file,
        files.ListFiles: file_handlers.list_files,
        files.RemoveFile: file_handlers.remove_file,
        files.ListLooseFiles: file_handlers.list_loose_files,
        files.ForgetFiles: file_handlers.forget_files,
        imports.CheckImport: import_handlers.check_import,
        imports.PreviewImport: import_handlers.preview_import,
        imports.CreateImport: import_handlers.create_import,
        imports.ListImports: import_handlers.list_imports,
        imports.GetImport: import_handlers.get_import,
        imports.ListRefusedRows: import_handlers.list_refused_rows,
        imports.CancelImport: import_handlers.cancel_import,
        imports.ResumeImport: import_handlers.resume_import,
        imports.UndoImport: import_handlers.undo_import,
        imports.ClaimImports: import_work.claim_imports,
        imports.BeginImport: import_work.begin_import,
        imports.KeepImportClaim: import_work.keep_import_claim,
        imports.WriteImportedRows: import_work.write_imported_rows,
        imports.UndoImportedCommit: import_work.undo_imported_commit,
        imports.EndImport: import_work.end_import,
        imports.PruneImports: import_work.prune_imports,
        live.AwaitCommits: live_handlers.await_commits,
        live.ListChanges: live_handlers.list_changes,
        FindCommits: causality.find_commits,
        of("data", CountFigures): record_counts.count_records,
    },
    lag=lambda state: {"relay": state.writes.relay.lag},
    projections=(
        Projection("log", log_verification.verify),
        Projection("records", tables.verify, rebuilding.rebuild),
    ),
    progress=progress,
)
