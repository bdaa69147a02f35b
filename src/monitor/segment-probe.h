/* segment-probe.h - fetches one segment with what it needs, tries again, and looks into it */
#pragma once

#include "monitor/facts.h"
#include "monitor/poller.h"
#include "monitor/schedule.h"
#include "monitor/side-files.h"
#include "monitor/wanted.h"

G_BEGIN_DECLS

/* UsSegmentProbePlan: all of it outlives the probe. */
typedef struct {
  UsPoller *poller;
  UsSchedule *schedule;
  UsSideFiles *side_files;
  const UsClock *clock;
  const char *stream;                  /* id */
  const char *own_url, *authorization; /* the second: nullable */
  gboolean is_ours;                    /* see UsAsk */
  gsize max_bytes;
  guint target_duration_s;
  gboolean is_media; /* FALSE: subtitles are not looked into */
} UsSegmentProbePlan;

/* UsSegmentProbed: valid during the callback, which may steal what it likes. */
typedef struct {
  UsSegmentSeen *seen;
  GBytes *bytes;     /* nullable: not had, or it cannot be decrypted */
  GBytes *init;      /* nullable */
  char *key_problem; /* nullable: why its key could not be had */
} UsSegmentProbed;

typedef struct UsSegmentProbe UsSegmentProbe;
/* Called once, from the main loop. The probe is gone then. */
typedef void (*UsSegmentProbeDone) (UsSegmentProbed *probed, gpointer user_data);

/* @wanted: (transfer full) */
UsSegmentProbe *us_segment_probe_start (const UsSegmentProbePlan *plan, UsWanted *wanted,
                                        UsSegmentProbeDone done, gpointer user_data);
/* @probe: (inout) (nullable): set to %NULL; its callback will not be called. */
void us_segment_probe_cancel (UsSegmentProbe **probe);

/* How long to wait before a segment that failed is asked for again; -1: never. */
gint64 us_segment_probe_retry_us (UsOutcome outcome, guint n_tries, guint target_duration_s);

/* What is needed to read a segment. */
typedef enum {
  US_KEY_NONE,
  US_KEY_AES128,     /* @url and @iv are there */
  US_KEY_SAMPLE_AES, /* pictures and sound only: not looked into */
  US_KEY_OPAQUE,     /* a DRM system, or a key that is not said as it should be: not for us */
} UsKeyKind;
const char *us_key_kind_word (UsKeyKind kind);
UsKeyKind us_segment_probe_read_key (const char *key, char **url, guint8 iv[16]);

G_END_DECLS
