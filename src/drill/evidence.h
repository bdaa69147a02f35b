/* evidence.h - the folder in which a rehearsal leaves what it saw */
#pragma once

#include <gio/gio.h>

#include "drill/result.h"
#include "drill/viewer.h"

G_BEGIN_DECLS

typedef struct UsEvidence UsEvidence;

UsEvidence *us_evidence_new (const char *folder, const char *pipelines_dir,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;
int us_evidence_get_log_fd (const UsEvidence *evidence);
const char *us_evidence_get_folder (const UsEvidence *evidence);
void us_evidence_begin (UsEvidence *evidence, const UsDrill *drill, GBytes *last_playlist);
void us_evidence_add_request (UsEvidence *evidence, const UsViewerRequest *request);
void us_evidence_add_playlist (UsEvidence *evidence, GBytes *text);
void us_evidence_add_picture (UsEvidence *evidence, const char *name, GBytes *segment,
                              GBytes *init);
void us_evidence_end (UsEvidence *evidence, const UsDrillResult *result);
void us_evidence_write_results (UsEvidence *evidence, const GPtrArray *results, const char *pair);
void us_evidence_free (UsEvidence *evidence);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsEvidence, us_evidence_free)

G_END_DECLS
