/* cause-rules-media.c - causes in what is shown, heard and declared, while everything arrives
 *
 * Pure; one function per row of the table in docs/reference/causes.md.
 */
#include "incident/cause-private.h"

#include <math.h>

#include "base/text.h"

#define CONSTANT_SHARE 0.9 /* of the time it has been watched */
#define CONSTANT_MIN_S 300

static gboolean
is_picture (const UsSymptoms *s) {
  return s->is_open[US_CHECK_BLACK] || s->is_open[US_CHECK_FROZEN]
         || s->is_open[US_CHECK_VIDEO_LOST];
}

static gboolean
is_sound (const UsSymptoms *s) {
  return s->is_open[US_CHECK_SILENT] || s->is_open[US_CHECK_AUDIO_LOST];
}

static gboolean
is_track_lost (const UsSymptoms *s) {
  return s->is_open[US_CHECK_VIDEO_LOST] || s->is_open[US_CHECK_AUDIO_LOST];
}

static const char *
content_words (const UsSymptoms *s) {
  if (s->is_open[US_CHECK_VIDEO_LOST] && is_sound (s))
    return "has lost its picture, and its sound";
  if (s->is_open[US_CHECK_VIDEO_LOST])
    return "has lost its picture";
  if (s->is_open[US_CHECK_BLACK])
    return is_sound (s) ? "is black, and has no sound" : "is black";
  if (s->is_open[US_CHECK_FROZEN])
    return is_sound (s) ? "is frozen, and has no sound" : "is frozen";
  return "has no sound";
}

/* 14 */
void
us_rule_content (UsCase *self) {
  const UsSymptoms *s = self->s;
  guint n_watched = s->n_content_watched > 0 ? s->n_content_watched : s->n_renditions;
  guint n_ill = is_track_lost (s) ? MAX (s->n_content, s->n_media) : s->n_content;

  if (n_ill == 0 || !us_is_advancing (s) || !(is_picture (s) || is_sound (s)))
    return;
  us_case_must (self, 0.8, is_picture (s) ? US_SOURCE_PICTURE : US_SOURCE_SOUND,
                "The stream %s, while its segments arrive in time", content_words (s));
  if (is_picture (s) && is_sound (s))
    us_case_for (self, US_SOURCE_SOUND, "Picture and sound are both concerned");
  if (n_watched >= 2 && n_ill >= n_watched)
    us_case_for (self, US_SOURCE_LADDER, "All %u renditions are alike", n_watched);
  if (n_ill < n_watched)
    us_case_against (self, "Only %u of %u renditions %s concerned", n_ill, n_watched,
                     n_ill == 1 ? "is" : "are");
  if (us_has_seen (s, US_CHECK_SEQUENCE_RESET) || us_has_seen (s, US_CHECK_CODEC_CHANGED))
    us_case_against (self, "The stream was restarted or its codec changed");
}

/* 15 */
void
us_rule_transcoder (UsCase *self) {
  const UsSymptoms *s = self->s;
  guint n_watched = s->n_content_watched > 0 ? s->n_content_watched : s->n_renditions;
  gboolean is_content = s->n_content > 0 && s->n_content < n_watched;
  gboolean is_media = s->n_media > 0 && s->n_media < s->n_renditions;
  gboolean is_only_sound = is_sound (s) && !is_picture (s) && s->n_audio > 0;

  if (s->n_renditions < 2 || !us_is_advancing (s) || !(is_content || is_media))
    return;
  if (is_media)
    us_case_must (self, 0.75, US_SOURCE_MEDIA,
                  "The media of %u of %u renditions is faulty, that of the others is not",
                  s->n_media, s->n_renditions);
  if (is_content && is_media)
    us_case_for (self, US_SOURCE_PICTURE, "So is what %u of them show%s or sound%s like",
                 s->n_content, us_text_verb_s (s->n_content), us_text_verb_s (s->n_content));
  else if (is_content)
    us_case_must (self, 0.75, US_SOURCE_PICTURE,
                  "Picture or sound of %u of %u renditions is faulty, of the others not",
                  s->n_content, n_watched);
  if (is_content && s->n_media >= s->n_renditions)
    us_case_against (self, "The media of all renditions is faulty");
  if (is_media && s->n_content >= n_watched)
    us_case_against (self, "All renditions show the same fault");
  if (is_content && is_only_sound)
    us_case_against (self, "It is a sound track of its own, which may well be silent");
  if (us_has_seen (s, US_CHECK_SEQUENCE_RESET) || us_has_seen (s, US_CHECK_PTS_RESET))
    us_case_against (self, "The stream was restarted");
}

/* 16 */
void
us_rule_clock (UsCase *self) {
  const UsSymptoms *s = self->s;
  gboolean is_jump = us_has_seen (s, US_CHECK_DATE_JUMP) || us_has_seen (s, US_CHECK_DATE_BACK);

  if (!is_jump && !us_has_seen (s, US_CHECK_DATE_REWRITTEN))
    return;
  us_case_must (self, s->is_pts_continuous ? 0.7 : 0.45, US_SOURCE_PLAYLIST,
                is_jump ? "Program dates jumped" : "Dates of listed segments were changed");
  if (s->is_pts_continuous)
    us_case_must (self, 0.7, US_SOURCE_MEDIA, "The time stamps of the media went on without a gap");
  if (us_has_seen (s, US_CHECK_LATENCY) && us_is_advancing (s))
    us_case_for (self, US_SOURCE_TIMING, "The latency stepped, and nothing had stopped");
  if (us_has_seen (s, US_CHECK_PTS_RESET) || us_has_seen (s, US_CHECK_PTS_GAP))
    us_case_against (self, "The time stamps of the media jumped as well");
  if (us_has_seen (s, US_CHECK_SEQUENCE_RESET) || s->is_gap_before)
    us_case_against (self, "The stream was interrupted or began anew");
  if (us_is_failing (s))
    us_case_against (self, "The stream does not advance, or cannot be had");
}

/* ---- 18 ---- */

static gboolean
is_configuration (UsCheck check) {
  switch ((int)check) { /* all others are faults of the moment */
  case US_CHECK_BANDWIDTH_EXCEEDED:
  case US_CHECK_CODECS_MISMATCH:
  case US_CHECK_TARGET_DURATION_EXCEEDED:
  case US_CHECK_SHORT_SEGMENT:
  case US_CHECK_SHORT_WINDOW:
  case US_CHECK_LADDER_MISMATCH:
  case US_CHECK_GROUP_CLASH:
  case US_CHECK_NO_KEYFRAME:
  case US_CHECK_DURATION_MISMATCH:
  case US_CHECK_MIME:
  case US_CHECK_COMPRESSION:
  case US_CHECK_CORS:
  case US_CHECK_CACHE_CONTROL:
  case US_CHECK_CERT_EXPIRING:
    return TRUE;
  default:
    return FALSE;
  }
}

void
us_rule_configuration (UsCase *self) {
  const UsSymptoms *s = self->s;
  guint n = 0, n_other = 0;
  double oldest = NAN;
  const char *title = NULL;

  for (UsCheck check = 0; check < US_N_CHECKS; check++) {
    gboolean is_it = is_configuration (check);
    gboolean is_ours = us_check_info (check)->group == US_CHECK_GROUP_PROBE;
    if (!is_it && !is_ours && us_has_seen (s, check))
      n_other++;
    if (!is_it || !s->is_open[check])
      continue;
    n++;
    oldest = fmax (oldest, s->first_age[check]);
    title = title == NULL ? us_check_info (check)->title : title;
  }
  if (n == 0)
    return;
  /* Many streams have some of these, for years: what comes with other faults is not their cause. */
  us_case_must (self, n_other > 0 ? 0.6 : 0.9, US_SOURCE_PLAYLIST, "%s%s", title,
                n > 1 ? ", and more of that kind" : "");
  if (s->watched >= CONSTANT_MIN_S && oldest >= s->watched * CONSTANT_SHARE)
    us_case_for (self, US_SOURCE_HISTORY, "It has been so since the stream is watched (%.0f min)",
                 s->watched / 60);
  if (n_other > 0)
    us_case_against (self, "%u other kind%s of fault come%s with it", n_other, us_text_s (n_other),
                     us_text_verb_s (n_other));
  if (us_is_failing (s) || us_symptoms_failed (s->playlists) + us_symptoms_failed (s->segments) > 0)
    us_case_against (self, "It coincides with failing requests");
}

/* The last resort: something failed, and no rule knows why. */
void
us_rule_intermittent (UsCase *self) {
  const UsSymptoms *s = self->s;
  guint n = us_symptoms_failed (s->playlists) + us_symptoms_failed (s->segments);

  if (n == 0)
    return;
  us_case_must (self, 0.4, US_SOURCE_FETCH, "%u of %u requests failed in two minutes", n,
                n + s->playlists[US_OUTCOME_OK] + s->segments[US_OUTCOME_OK]);
  us_case_cap (self, US_CONFIDENCE_LOW);
}
