/* detect-track.c - are the tracks there that were, and that the multivariant playlist names?
 *
 * Pure. A track that a rendition had and that is gone from two segments is UNHEALTHY: a viewer
 * hears or sees nothing. CODECS that names another codec keeps browsers from playing at all; a
 * profile, size or rate that is a little off is an untruth that hurts nobody, so it is told and
 * never touches the state.
 */
#include "monitor/detect.h"

#include <math.h>
#include <string.h>

#define LOST_SEGMENTS 2
#define RATE_SLACK_SHARE 0.1

const UsCheck us_detect_track_checks[]
    = { US_CHECK_AUDIO_LOST, US_CHECK_VIDEO_LOST, US_CHECK_CODECS_MISMATCH, US_N_CHECKS };

static void
judge_lost (const UsRenditionFacts *facts, UsHits *hits) {
  if (facts->has_had_audio && facts->n_without_audio >= LOST_SEGMENTS)
    us_hits_add (hits, US_CHECK_AUDIO_LOST, US_SEVERITY_UNHEALTHY, facts->n_without_audio, 0,
                 "the sound is gone: none in the last %u segments", facts->n_without_audio);
  if (facts->has_had_video && facts->n_without_video >= LOST_SEGMENTS)
    us_hits_add (hits, US_CHECK_VIDEO_LOST, US_SEVERITY_UNHEALTHY, facts->n_without_video, 0,
                 "the picture is gone: none in the last %u segments", facts->n_without_video);
}

/* ---- CODECS ---- */

typedef enum { FAMILY_VIDEO, FAMILY_AUDIO } FamilyKind;

/* Sample entries that mean one codec: the first of a row stands for all. */
static const struct {
  const char *names[6];
  FamilyKind kind;
} families[] = {
  { { "avc1", "avc3" }, FAMILY_VIDEO },
  { { "hvc1", "hev1", "dvh1", "dvhe" }, FAMILY_VIDEO },
  { { "av01", "dav1" }, FAMILY_VIDEO },
  { { "vp09" }, FAMILY_VIDEO },
  { { "mp4a.40.2", "mp4a.40.5", "mp4a.40.29", "mp4a.40.02", "mp4a.40.05" }, FAMILY_AUDIO },
  { { "mp4a.40.34", "mp4a.6b", "mp4a.6B", "mp4a.69" }, FAMILY_AUDIO },
  { { "mp4a.40.42" }, FAMILY_AUDIO },
  { { "ac-3", "mp4a.a5", "mp4a.A5" }, FAMILY_AUDIO },
  { { "ec-3", "mp4a.a6", "mp4a.A6" }, FAMILY_AUDIO },
  { { "Opus", "opus" }, FAMILY_AUDIO },
  { { "fLaC", "flac" }, FAMILY_AUDIO },
};

/* AAC says what it is in its object type, all others in their four letters. */
static int
family_of (const char *codec) {
  for (guint i = 0; i < G_N_ELEMENTS (families); i++)
    for (guint n = 0; n < G_N_ELEMENTS (families[i].names) && families[i].names[n] != NULL; n++) {
      const char *name = families[i].names[n];
      gboolean is_whole = strchr (name, '.') != NULL;
      if (is_whole ? g_str_equal (codec, name) : g_str_has_prefix (codec, name))
        return (int)i;
    }
  return -1;
}

/* The entry of CODECS that is what @wire (nullable) is, else the first of @kind, else NULL. The
 * list may name further ones: of a rendition with sound of its own. */
static const char *
find_entry (char *const *entries, FamilyKind kind, const char *wire, gboolean *has_unknown) {
  const char *found = NULL;
  int wanted = wire != NULL ? family_of (wire) : -1;
  for (guint i = 0; entries[i] != NULL; i++) {
    int family = family_of (entries[i]);
    if (family < 0)
      *has_unknown = TRUE;
    else if (family == wanted)
      return entries[i];
    else if (families[family].kind == kind && found == NULL)
      found = entries[i];
  }
  return found;
}

/* "avc1.64001f", as RFC 6381 3.3 wants it */
static gboolean
is_whole_avc (const char *codec) {
  return strlen (codec) == 11 && strspn (codec + 5, "0123456789abcdefABCDEF") == 6;
}

/* H.264's two digits of profile and of level; the constraint flags between them are often left
 * out. */
static gboolean
is_same_avc (const char *a, const char *b) {
  if (!is_whole_avc (a) || !is_whole_avc (b))
    return TRUE;
  return g_ascii_strncasecmp (a + 5, b + 5, 2) == 0 && g_ascii_strcasecmp (a + 9, b + 9) == 0;
}

static void
judge_entry (const char *what, const char *wire, const char *said, gboolean is_missing_told,
             UsHits *hits) {
  if (wire == NULL || family_of (wire) < 0)
    return;
  if (said == NULL) {
    if (is_missing_told)
      us_hits_add (hits, US_CHECK_CODECS_MISMATCH, US_SEVERITY_INFO, NAN, NAN,
                   "CODECS does not name the %s, which is %s", what, wire);
    return;
  }
  if (family_of (wire) != family_of (said))
    us_hits_add (hits, US_CHECK_CODECS_MISMATCH, US_SEVERITY_DEGRADED, NAN, NAN,
                 "the %s is %s, CODECS says %s", what, wire, said);
  else if (g_str_has_prefix (wire, "avc") && !is_same_avc (wire, said))
    us_hits_add (hits, US_CHECK_CODECS_MISMATCH, US_SEVERITY_INFO, NAN, NAN,
                 "the %s is %s, CODECS says %s: another profile or level", what, wire, said);
}

static gboolean
has_hit (const UsHits *hits, guint from) {
  return hits->len > from;
}

/* One finding is enough: the worst comes first. */
static void
judge_codecs (const UsRenditionInfo *info, const UsInspection *media, UsHits *hits) {
  guint from = hits->len;
  if (info->codecs != NULL) {
    g_auto (GStrv) entries = g_strsplit (info->codecs, ",", 32);
    gboolean has_unknown = FALSE;
    for (guint i = 0; entries[i] != NULL; i++)
      g_strstrip (entries[i]);
    const char *video = find_entry (entries, FAMILY_VIDEO, media->video_codec, &has_unknown);
    const char *audio = find_entry (entries, FAMILY_AUDIO, media->audio_codec, &has_unknown);
    if (media->probe->has_video)
      judge_entry ("picture", media->video_codec, video, !has_unknown, hits);
    if (media->probe->has_audio && !has_hit (hits, from))
      judge_entry ("sound", media->audio_codec, audio, !has_unknown, hits);
  }
  if (!has_hit (hits, from) && info->width > 0 && media->width > 0
      && (info->width != media->width || info->height != media->height))
    us_hits_add (hits, US_CHECK_CODECS_MISMATCH, US_SEVERITY_INFO, NAN, NAN,
                 "the picture has %ux%u, RESOLUTION says %ux%u", media->width, media->height,
                 info->width, info->height);
  double said = info->frame_rate_mhz / 1000.0, real = media->frame_rate_mhz / 1000.0;
  if (!has_hit (hits, from) && said > 0 && real > 0 && fabs (real - said) > RATE_SLACK_SHARE * said)
    us_hits_add (hits, US_CHECK_CODECS_MISMATCH, US_SEVERITY_INFO, real, said,
                 "%.2f pictures a second, FRAME-RATE says %.2f", real, said);
}

/**
 * us_detect_track:
 */
void
us_detect_track (const UsRenditionFacts *facts, UsHits *hits) {
  judge_lost (facts, hits);
  if (facts->media != NULL)
    judge_codecs (facts->info, facts->media, hits);
}
