/** Hands measurements to Micrometer. The only package that knows it; loaded only where an application names it. */
@NullMarked
package io.spanflux.metrics.micrometer;

import org.jspecify.annotations.NullMarked;
