/* main.c - finds the command named on the command line and hands over */
#include <glib.h>

int
main (int argc, char **argv) {
  g_printerr ("understudy: no command given\n");
  return 2;
}
