/**
 * What cannot be sent waits on disk as encoded bodies and is sent later, by this process or the next. Stands beside the
 * transport, knows nothing of spans but where each begins and ends in its body, and is the only package that writes files.
 */
@NullMarked
package io.spanflux.spool;

import org.jspecify.annotations.NullMarked;
