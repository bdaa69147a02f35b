/* fault.h - what a relay does to the traffic between a switcher and one origin */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum {
  US_FAULT_NONE,
  US_FAULT_REFUSE,    /* connections are refused, those that stand are reset */
  US_FAULT_BLACKHOLE, /* connections are accepted, nothing is forwarded */
  US_FAULT_SLOW,      /* @value bytes per second, for each connection */
  US_FAULT_STATUS,    /* answers the HTTP status @value itself */
  US_FAULT_TRUNCATE,  /* half of the body, then the connection is closed */
  US_FAULT_CORRUPT,   /* bytes in the middle overwritten; length and headers as they were */
  US_FAULT_FROZEN,    /* the same playlist again and again, with fresh headers */
  US_FAULT_BEHIND,    /* the last @value segments are not listed */
  US_FAULT_REGRESS,   /* media sequence numbers are @value lower */
  US_FAULT_CLOCK,     /* dates in playlists and headers are @value ms later */
  US_N_FAULTS,
} UsFaultKind;

/* Which requests it is about. Refuse and blackhole are about all. */
typedef enum { US_FAULT_ON_ALL, US_FAULT_ON_PLAYLISTS, US_FAULT_ON_SEGMENTS } UsFaultOn;

/* UsFault: plain data.
 * @is_one_path: only the first path it meets, though each time that one is asked for */
typedef struct {
  UsFaultKind kind;
  UsFaultOn on;
  gint64 value;
  gboolean is_one_path;
} UsFault;

const char *us_fault_word (UsFaultKind kind);
char *us_fault_describe (const UsFault *fault);
gboolean us_fault_is_about (const UsFault *fault, const char *path);
gboolean us_fault_rewrites (const UsFault *fault);

G_END_DECLS
