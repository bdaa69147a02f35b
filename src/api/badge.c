/* badge.c - a small picture that says how a stream is
 *
 * SVG of the usual form: a label, and a field with the state in words. Colour never stands alone:
 * beside it are the word and a shape of its own for each state (disc, triangle, cross, ring).
 * Text on the dark colours is white, on the light one black, each with a contrast above 4.5.
 * Pure.
 */
#include "api/badge.h"

#include <string.h>

#define HEIGHT 20
#define ICON 16 /* with the space behind it */
#define PAD 7

typedef struct {
  const char *fill, *ink, *shape; /* the shape in a box of 10 by 10 */
} Look;

static const Look *
look_of (UsHealth health) {
  static const Look looks[US_N_HEALTHS] = {
    [US_HEALTH_NO_DATA] = { "#5c6570", "#fff",
                            "<circle cx=\"5\" cy=\"5\" r=\"3.8\" fill=\"none\" stroke-width=\"2\" "
                            "stroke=\"#fff\"/>" },
    [US_HEALTH_HEALTHY]
    = { "#1a7f37", "#fff", "<circle cx=\"5\" cy=\"5\" r=\"4.5\" fill=\"#fff\"/>" },
    [US_HEALTH_DEGRADED] = { "#f2c037", "#111", "<path d=\"M5 .5 9.8 9.5H.2z\" fill=\"#111\"/>" },
    [US_HEALTH_UNHEALTHY] = { "#b42318", "#fff",
                              "<path d=\"M1.2 1.2l7.6 7.6m0-7.6L1.2 8.8\" stroke=\"#fff\" "
                              "stroke-width=\"2.4\"/>" },
  };
  return &looks[health];
}

/* About what the text takes in 11 px of a common sans-serif; the renderer stretches it to that. */
static guint
width_of (const char *text) {
  double width = 0;
  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p)) {
    gunichar c = g_utf8_get_char (p);
    if (c < 128 && strchr ("il.,:;|!'ijtfr I()[]", (int)c) != NULL)
      width += 4.0;
    else if (c < 128 && (g_ascii_isupper ((char)c) || strchr ("mwMW@%", (int)c) != NULL))
      width += 8.2;
    else
      width += g_unichar_iswide (c) ? 12.0 : 6.7;
  }
  return (guint)(width + 0.5);
}

static char *
shorten (const char *text) {
  if (g_utf8_strlen (text, -1) <= US_BADGE_MAX_CHARS)
    return g_strdup (text);
  g_autofree char *head = g_utf8_substring (text, 0, US_BADGE_MAX_CHARS - 1);
  return g_strconcat (head, "\342\200\246", NULL);
}

static void
add_text (GString *svg, guint x, guint width, const char *ink, const char *escaped) {
  g_string_append_printf (svg, "<text x=\"%u\" y=\"14\" fill=\"%s\" textLength=\"%u\">%s</text>", x,
                          ink, width, escaped);
}

/**
 * us_badge_render:
 * @label: in UTF-8, of anybody; a long one is cut
 * @state: the word beside it
 *
 * Returns: (transfer full): SVG
 */
char *
us_badge_render (const char *label, UsHealth health, const char *state, UsBadgeStyle style) {
  const Look *look = look_of (health);
  g_autofree char *brief = shorten (label);
  g_autofree char *name = g_markup_escape_text (brief, -1);
  g_autofree char *word = g_markup_escape_text (state, -1);
  guint n_name = width_of (brief), n_word = width_of (state);
  guint left = n_name + 2 * PAD, right = n_word + ICON + 2 * PAD;
  guint radius = style == US_BADGE_FLAT_SQUARE ? 0 : style == US_BADGE_PLASTIC ? 4 : 3;
  GString *svg = g_string_new (NULL);

  g_string_append_printf (
      svg,
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" height=\"%d\" role=\"img\" "
      "aria-label=\"%s: %s\"><title>%s: %s</title>"
      "<clipPath id=\"c\"><rect width=\"%u\" height=\"%d\" rx=\"%u\"/></clipPath>"
      "<g clip-path=\"url(#c)\"><rect width=\"%u\" height=\"%d\" fill=\"#3a3f47\"/>"
      "<rect x=\"%u\" width=\"%u\" height=\"%d\" fill=\"%s\"/>",
      left + right, HEIGHT, name, word, name, word, left + right, HEIGHT, radius, left, HEIGHT,
      left, right, HEIGHT, look->fill);
  if (style == US_BADGE_PLASTIC)
    g_string_append_printf (svg,
                            "<linearGradient id=\"g\" x2=\"0\" y2=\"1\"><stop stop-color=\"#fff\" "
                            "stop-opacity=\".18\"/><stop offset=\"1\" stop-opacity=\".12\"/>"
                            "</linearGradient><rect width=\"%u\" height=\"%d\" fill=\"url(#g)\"/>",
                            left + right, HEIGHT);
  g_string_append_printf (svg, "</g><g transform=\"translate(%u 5)\">%s</g>", left + PAD,
                          look->shape);
  g_string_append (svg, "<g font-family=\"Verdana,DejaVu Sans,sans-serif\" font-size=\"11\">");
  add_text (svg, PAD, n_name, "#fff", name);
  add_text (svg, left + PAD + ICON, n_word, look->ink, word);
  g_string_append (svg, "</g></svg>\n");
  return g_string_free (svg, FALSE);
}
