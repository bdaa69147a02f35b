/* message.c - what happens to an RTMP message at its end; a plain value without owner or thread */
#include "rtmp/message.h"

/**
 * us_rtmp_message_clear:
 * @message: a message, possibly without payload
 *
 * Drops the payload and zeroes the rest, so that the struct can be used again. Whoever wants to
 * keep the payload takes it with g_steal_pointer() first.
 */
void
us_rtmp_message_clear (UsRtmpMessage *message) {
  g_return_if_fail (message != NULL);
  g_clear_pointer (&message->payload, g_bytes_unref);
  *message = (UsRtmpMessage){ 0 };
}
