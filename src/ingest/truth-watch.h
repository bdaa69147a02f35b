/* truth-watch.h - one stream's publisher, looked at once a second: numbers, line and warnings */
#pragma once

#include "ingest/segmenter.h"
#include "ingest/truth-warning.h"
#include "rtmp/line.h"

G_BEGIN_DECLS

/* UsTruthReport: what status and metrics say; valid until the next look. */
typedef struct {
  gboolean has_numbers; /* a publisher is there and was looked at */
  const UsTruthNumbers *numbers;
  const UsRtmpLine *line; /* (nullable): not known */
  const UsWarnings *warnings;
} UsTruthReport;

typedef struct UsTruthWatch UsTruthWatch;

UsTruthWatch *us_truth_watch_new (const char *stream, const UsClock *clock);
/* @line: (nullable) */
void us_truth_watch_look (UsTruthWatch *watch, UsSegmenter *segmenter, gint64 since_us,
                          const UsRtmpLine *line);
void us_truth_watch_end (UsTruthWatch *watch);
void us_truth_watch_report (const UsTruthWatch *watch, UsTruthReport *report);
void us_truth_watch_free (UsTruthWatch *watch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsTruthWatch, us_truth_watch_free)

G_END_DECLS
