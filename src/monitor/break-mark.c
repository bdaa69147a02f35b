/* break-mark.c - the newest break marker of a media playlist
 *
 * Pure. No RFC has EXT-X-CUE-OUT and EXT-X-CUE-IN, but most packagers write them; of
 * EXT-X-DATERANGE (RFC 8216 4.3.2.7.1) the SCTE35-OUT and SCTE35-IN attributes say the same. The
 * playlist is read from its end, since only the newest counts.
 */
#include "monitor/break-mark.h"

#include <math.h>
#include <string.h>

#define MAX_LINE 4096
#define MAX_PLANNED_S 86400.0

/* "30", "DURATION=30", "30.5,ElapsedTime=4" */
static double
read_duration (const char *value) {
  const char *named = strstr (value, "DURATION=");
  const char *start = named != NULL ? named + strlen ("DURATION=") : value;
  char *end;
  start += *start == '"' ? 1 : 0;
  double planned_s = g_ascii_strtod (start, &end);
  return end > start && planned_s > 0 && planned_s <= MAX_PLANNED_S ? planned_s : NAN;
}

static UsBreakMark
read_line (const char *line, double *planned_s) {
  *planned_s = NAN;
  if (g_str_has_prefix (line, "#EXT-X-CUE-IN"))
    return US_BREAK_MARK_IN;
  if (g_str_has_prefix (line, "#EXT-X-CUE-OUT")) {
    const char *value = strchr (line, ':');
    /* "CUE-OUT-CONT:ElapsedTime=4,Duration=30" and "CONT:4/30" begin with what has passed. */
    if (value != NULL && !g_str_has_prefix (line, "#EXT-X-CUE-OUT-CONT"))
      *planned_s = read_duration (value + 1);
    return US_BREAK_MARK_OUT;
  }
  if (!g_str_has_prefix (line, "#EXT-X-DATERANGE:"))
    return US_BREAK_MARK_NONE;
  if (strstr (line, "SCTE35-IN=") != NULL)
    return US_BREAK_MARK_IN;
  if (strstr (line, "SCTE35-OUT=") == NULL)
    return US_BREAK_MARK_NONE;
  const char *planned = strstr (line, "PLANNED-DURATION=");
  if (planned != NULL)
    *planned_s = read_duration (planned + strlen ("PLANNED-"));
  return strstr (line, "END-DATE=") != NULL ? US_BREAK_MARK_IN : US_BREAK_MARK_OUT;
}

/**
 * us_break_mark_read:
 * @text: of a playlist
 * @planned_s: (out)
 *
 * Returns: what the last marker in it says
 */
UsBreakMark
us_break_mark_read (const char *text, gsize size, double *planned_s) {
  *planned_s = NAN;
  /* Nearly all playlists have none: one fast look spares the walk. */
  if (memmem (text, size, "-CUE-", 5) == NULL && memmem (text, size, "SCTE35-", 7) == NULL)
    return US_BREAK_MARK_NONE;
  for (gsize end = size; end > 0;) {
    const char *newline = memrchr (text, '\n', end - 1);
    gsize start = newline != NULL ? (gsize)(newline - text) + 1 : 0;
    if (end - start < MAX_LINE && text[start] == '#') {
      g_autofree char *line = g_strndup (text + start, end - start);
      UsBreakMark cue = read_line (line, planned_s);
      if (cue != US_BREAK_MARK_NONE)
        return cue;
    }
    end = start;
  }
  return US_BREAK_MARK_NONE;
}
