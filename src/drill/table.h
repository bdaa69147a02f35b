/* table.h - the drills: what each one does, what it needs, and what a viewer may feel of it */
#pragma once

#include "drill/account.h"
#include "drill/fault.h"

G_BEGIN_DECLS

typedef enum {
  US_STEP_WAIT,          /* @ms */
  US_STEP_MEET,          /* until the fault has met something, @ms at most */
  US_STEP_FAULT,         /* @fault, at the origin that is hit; US_FAULT_NONE ends it */
  US_STEP_KILL_PACKAGER, /* SIGKILL; whoever watches over it starts it again */
  US_STEP_STOP_PACKAGER, /* SIGSTOP */
  US_STEP_CONT_PACKAGER, /* SIGCONT */
  US_STEP_KILL_ENCODER,  /* SIGKILL, and it stays away */
  US_STEP_START_ENCODER,
  US_STEP_KILL_INGEST,
} UsStepKind;

typedef struct {
  UsStepKind kind;
  guint ms;
  UsFault fault;
} UsDrillStep;

/* What a drill needs beyond the relays. */
typedef enum {
  US_NEED_NOTHING,
  US_NEED_PACKAGER,
  US_NEED_ENCODER,
  US_NEED_INGEST,
} UsDrillNeed;

/* UsDrill: static data.
 * @steps: ends with a row of kind US_STEP_WAIT and 0 ms
 * @instead: (nullable): what the relay does when there is no process to signal */
typedef struct {
  const char *name;
  const char *sentence;
  UsDrillNeed need;
  const UsDrillStep *steps;
  const UsDrillStep *instead;
  gboolean is_source_gone; /* nothing could be played: stalls are no failure */
  gboolean hits_both;      /* faults are for both origins */
  gboolean is_on_request;  /* not part of "all" */
} UsDrill;

extern const UsDrill us_drills[];
extern const guint us_n_drills;

const UsDrill *us_drill_find (const char *name);
GPtrArray *us_drill_select (const char *const *names, GError **error);
char *us_drill_names (void);

/* What happened beside what was felt. */
typedef struct {
  gboolean is_interchangeable; /* the pair: either copy of a segment will do */
  gboolean was_touched;   /* the fault met a request, the switcher noticed, or a signal was sent */
  gboolean has_recovered; /* the pair was whole again, and segments came */
} UsDrillCourse;

#define US_DRILL_FOREIGN_STALL_MS 300

char *us_drill_judge (const UsDrill *drill, const UsDrillCourse *course, const UsFelt *felt,
                      gboolean *passed);

G_END_DECLS
