/* test-mp4-init.c - initialisation sections by hand: tracks, defaults, what must be there */
#include "hls/mp4-init.h"

#include "synth-mp4.h"

static gboolean
read_init (const GByteArray *bytes, UsMp4Init *init, GError **error) {
  g_autofree guint8 *exact = g_memdup2 (bytes->data, bytes->len);
  return us_mp4_init_read (init, exact, bytes->len, error);
}

static guint64
config_of (const SynthTrack *track) {
  g_autoptr (GByteArray) bytes = mp4_init (track, 1, 0);
  UsMp4Init init;
  g_assert_true (read_init (bytes, &init, NULL));
  return init.tracks[0].config;
}

static void
test_tracks (void) {
  const SynthTrack tracks[]
      = { { 7, "text", "wvtt", "vttC", "WEBVTT", 6, 90000 }, SYNTH_PICTURE, SYNTH_SOUND };
  g_autoptr (GByteArray) bytes = mp4_init (tracks, 3, 0x10000);
  UsMp4Init init;
  g_autoptr (GError) error = NULL;
  g_assert_true (read_init (bytes, &init, &error));
  g_assert_no_error (error);
  g_assert_true (init.has_file_type);
  g_assert_cmpuint (init.n_tracks, ==, 3);
  const UsMp4Track *picture = us_mp4_init_first (&init, US_MP4_VIDEO);
  const UsMp4Track *sound = us_mp4_init_first (&init, US_MP4_AUDIO);
  g_assert_true (picture == us_mp4_init_find (&init, 1));
  g_assert_true (sound == us_mp4_init_find (&init, 2));
  g_assert_null (us_mp4_init_find (&init, 3));
  g_assert_cmpuint (picture->timescale, ==, 1000);
  g_assert_cmpuint (picture->nal_length, ==, 4);
  g_assert_cmpint (picture->codec, ==, US_NAL_H264);
  g_assert_cmpuint (picture->default_duration, ==, 40);
  g_assert_cmpuint (picture->default_size, ==, 9);
  g_assert_cmpuint (picture->default_flags, ==, 0x10000);
  g_assert_cmpuint (sound->timescale, ==, 48000);
  g_assert_cmpuint (sound->nal_length, ==, 0);
}

static void
test_config (void) {
  guint8 avcc[sizeof SYNTH_AVCC], esds[sizeof SYNTH_ESDS];
  memcpy (avcc, SYNTH_AVCC, sizeof avcc);
  memcpy (esds, SYNTH_ESDS, sizeof esds);
  SynthTrack picture = SYNTH_PICTURE, sound = SYNTH_SOUND;
  picture.config = avcc;
  sound.config = esds;
  guint64 picture_config = config_of (&picture), sound_config = config_of (&sound);
  avcc[3] = 0x1f;
  g_assert_cmpuint (config_of (&picture), !=, picture_config);
  esds[21] = 9; /* the greatest bit rate: measured anew by every packager */
  g_assert_cmpuint (config_of (&sound), ==, sound_config);
  esds[sizeof esds - 1] = 0x88; /* channels */
  g_assert_cmpuint (config_of (&sound), !=, sound_config);
  esds[sizeof esds - 1] = 0x90;
  esds[14] = 0x6b; /* MP3 */
  g_assert_cmpuint (config_of (&sound), !=, sound_config);
  for (gsize size = 0; size < sizeof esds; size++) { /* cut off: no fault, and nothing beyond */
    sound.config_size = size;
    config_of (&sound);
  }
}

static void
test_codecs (void) {
  static guint8 hvcc[23] = { 1 };
  hvcc[21] = 1;
  const struct {
    SynthTrack track;
    guint nal_length;
  } CASES[] = {
    { { 1, "vide", "hvc1", "hvcC", hvcc, sizeof hvcc, 1 }, 2 },
    { { 1, "vide", "hev1", "hvcC", hvcc, sizeof hvcc, 1 }, 2 },
    { { 1, "vide", "av01", "av1C", "\x81\4\f", 3, 1 }, 0 },
    { { 1, "vide", "encv", "avcC", SYNTH_AVCC, sizeof SYNTH_AVCC, 1 }, 0 },
  };
  for (guint i = 0; i < G_N_ELEMENTS (CASES); i++) {
    g_autoptr (GByteArray) bytes = mp4_init (&CASES[i].track, 1, 0);
    UsMp4Init init;
    g_assert_true (read_init (bytes, &init, NULL));
    g_assert_cmpuint (init.tracks[0].nal_length, ==, CASES[i].nal_length);
  }
}

static void
assert_fault (const GByteArray *bytes, UsProbeError code, const char *message) {
  UsMp4Init init;
  g_autoptr (GError) error = NULL;
  g_assert_false (read_init (bytes, &init, &error));
  g_assert_error (error, US_PROBE_ERROR, (int)code);
  if (strstr (error->message, message) == NULL)
    g_error ("got: %s, wanted: %s", error->message, message);
}

static void
test_faults (void) {
  static const struct {
    SynthTrack track;
    const char *message;
  } CASES[] = {
    { { 0, "vide", "avc1", "avcC", SYNTH_AVCC, sizeof SYNTH_AVCC, 1 }, "\"tkhd\": no track id" },
    { { 1, "vide", "avc1", "avcC", SYNTH_AVCC, sizeof SYNTH_AVCC, 0 }, "\"mdhd\": no timescale" },
    { { 1, "vide", "avc1", "avcC", SYNTH_AVCC, 6, 1 }, "\"avcC\": no configuration" },
    { { 1, "vide", "avc1", "avcC", "\2\0\0\0\0\0\0", 7, 1 }, "\"avcC\": no configuration" },
    { { 1, "vide", "hvc1", "hvcC", "\1\0\0\0\0\0\0", 7, 1 }, "\"hvcC\": too short" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (CASES); i++) {
    g_autoptr (GByteArray) bytes = mp4_init (&CASES[i].track, 1, 0);
    assert_fault (bytes, US_PROBE_ERROR_BROKEN, CASES[i].message);
  }
  g_autoptr (GByteArray) none = mp4_init (NULL, 0, 0);
  assert_fault (none, US_PROBE_ERROR_BROKEN, "no track");

  SynthTrack many[US_PROBE_MAX_TRACKS + 1];
  for (guint i = 0; i < G_N_ELEMENTS (many); i++) {
    many[i] = SYNTH_SOUND;
    many[i].id = i + 1;
  }
  g_autoptr (GByteArray) full = mp4_init (many, US_PROBE_MAX_TRACKS, 0);
  UsMp4Init init;
  g_assert_true (read_init (full, &init, NULL));
  g_autoptr (GByteArray) over = mp4_init (many, US_PROBE_MAX_TRACKS + 1, 0);
  assert_fault (over, US_PROBE_ERROR_LIMIT, "16 tracks");

  /* every box that must be there, once under another name */
  static const char *NEEDED[] = { "tkhd", "mdia", "mdhd", "hdlr", "minf", "stbl", "stsd" };
  for (guint i = 0; i < G_N_ELEMENTS (NEEDED); i++) {
    g_autoptr (GByteArray) bytes = mp4_init (&SYNTH_PICTURE, 1, 0);
    guint8 *name = memmem (bytes->data, bytes->len, NEEDED[i], 4);
    name[0] = 'x';
    g_autofree char *message = g_strdup_printf ("\"%s\": missing", NEEDED[i]);
    assert_fault (bytes, US_PROBE_ERROR_BROKEN, message);
  }
  g_autoptr (GByteArray) no_moov = mp4_init (&SYNTH_PICTURE, 1, 0);
  ((guint8 *)memmem (no_moov->data, no_moov->len, "moov", 4))[0] = 'x';
  assert_fault (no_moov, US_PROBE_ERROR_NO_MAP, "no moov");
}

/* One byte changed anywhere: a verdict, whatever it is. */
static void
test_every_byte (void) {
  const SynthTrack tracks[] = { SYNTH_PICTURE, SYNTH_SOUND };
  g_autoptr (GByteArray) bytes = mp4_init (tracks, 2, 0);
  for (guint i = 0; i < bytes->len; i++) {
    guint8 old = bytes->data[i];
    for (guint k = 0; k < 3; k++) {
      static const guint8 VALUES[] = { 0, 1, 0xff };
      g_autoptr (GError) error = NULL;
      UsMp4Init init;
      bytes->data[i] = VALUES[k];
      g_assert_true (read_init (bytes, &init, &error) == (error == NULL));
    }
    bytes->data[i] = old;
  }
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/hls/mp4-init/tracks", test_tracks);
  g_test_add_func ("/hls/mp4-init/config", test_config);
  g_test_add_func ("/hls/mp4-init/codecs", test_codecs);
  g_test_add_func ("/hls/mp4-init/faults", test_faults);
  g_test_add_func ("/hls/mp4-init/every-byte", test_every_byte);
  return g_test_run ();
}
