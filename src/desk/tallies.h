/* tallies.h - what has been counted of every stream since the desk began, for its metrics */
#pragma once

#include "monitor/monitor.h"

G_BEGIN_DECLS

#define US_TALLY_N_BOUNDS 9
extern const double us_tally_bounds[US_TALLY_N_BOUNDS]; /* seconds, of first bytes */

/* UsTally: of one stream. */
typedef struct {
  guint64 segments[US_N_OUTCOMES];
  guint64 findings[US_N_CHECKS];
  guint64 n_bytes;
  guint64 first_bytes[US_TALLY_N_BOUNDS + 1]; /* of segments, each bucket alone */
  double first_bytes_s;                       /* all together */
  guint64 n_playlists, n_playlist_errors;     /* of whole minutes */
  double seconds[US_N_HEALTHS];               /* of whole minutes */
} UsTally;

typedef struct UsTallies UsTallies;

UsTallies *us_tallies_new (void);
void us_tallies_free (UsTallies *tallies);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsTallies, us_tallies_free)

void us_tallies_add_segment (UsTallies *tallies, const char *stream, const UsSample *sample);
void us_tallies_add_finding (UsTallies *tallies, const char *stream, UsCheck check);
void us_tallies_add_minute (UsTallies *tallies, const char *stream, const UsMinute *minute);
void us_tallies_remove (UsTallies *tallies, const char *stream);
const UsTally *us_tallies_get (UsTallies *tallies, const char *stream);

G_END_DECLS
