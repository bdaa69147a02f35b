/* test-aes128.c - AES-128-CBC against openssl enc -aes-128-cbc */
#include "base/aes128.h"

#include <string.h>

/* printf 'understudy' | openssl enc -aes-128-cbc -K 000102...0f -iv f0f1...ff */
static const struct {
  const char *plain, *coded;
} rows[] = {
  { "", "d02a48244eccdc2379224dbc54703612" },
  { "understudy", "738ba8d78acdd063ca77a512f993ae66" },
  { "0123456789abcdef", "71e21619aa870db1922c69f851b5160f3654613527120b27b5663d491d8022c4" },
  { "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    "eb872d247dea4c7438d353712e6a913e1c7f171a9ef0ff31de40be65fb55aeb6270e085ddbee3d129005aef23185cd"
    "21" },
};

static GBytes *
from_hex (const char *hex) {
  GByteArray *bytes = g_byte_array_new ();
  for (; *hex != '\0'; hex += 2) {
    guint8 byte = (guint8)(g_ascii_xdigit_value (hex[0]) << 4 | g_ascii_xdigit_value (hex[1]));
    g_byte_array_append (bytes, &byte, 1);
  }
  return g_byte_array_free_to_bytes (bytes);
}

static guint8 key[US_AES128_SIZE], iv[US_AES128_SIZE];

static void
test_known (void) {
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GBytes) coded = from_hex (rows[i].coded);
    g_autoptr (GBytes) plain = us_aes128_decrypt (coded, key, iv);
    g_assert_nonnull (plain);
    g_assert_cmpmem (g_bytes_get_data (plain, NULL), g_bytes_get_size (plain), rows[i].plain,
                     strlen (rows[i].plain));
  }
}

static void
test_wrong (void) {
  guint8 other[US_AES128_SIZE] = { 1 };
  g_autoptr (GBytes) coded = from_hex (rows[3].coded);
  g_autoptr (GBytes) part = g_bytes_new_from_bytes (coded, 0, 33);
  g_autoptr (GBytes) cut = g_bytes_new_from_bytes (coded, 0, 32);
  g_autoptr (GBytes) none = g_bytes_new (NULL, 0);
  g_assert_null (us_aes128_decrypt (part, key, iv));
  g_assert_null (us_aes128_decrypt (cut, key, iv)); /* the padding was in the last block */
  g_assert_null (us_aes128_decrypt (none, key, iv));
  g_assert_null (us_aes128_decrypt (coded, other, iv));
}

int
main (int argc, char **argv) {
  for (guint i = 0; i < US_AES128_SIZE; i++) {
    key[i] = (guint8)i;
    iv[i] = (guint8)(0xf0 + i);
  }
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/aes128/known", test_known);
  g_test_add_func ("/base/aes128/wrong", test_wrong);
  return g_test_run ();
}
