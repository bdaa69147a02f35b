/* trap.c - g_error() ends in SIGTRAP, which libFuzzer does not handle: without this the input that
 * led there would be lost. Linked with the fuzzers only. */
#include <signal.h>
#include <stdlib.h>

static void
on_trap (int number) {
  abort ();
}

static void __attribute__ ((constructor)) catch_traps (void) {
  signal (SIGTRAP, on_trap);
}
