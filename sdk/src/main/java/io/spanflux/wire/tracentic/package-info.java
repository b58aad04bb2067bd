/**
 * Tracentic's wire: OTLP-shaped JSON with attributes, limits and scopes of its own. The format, and where Spanflux
 * deliberately does better, is in {@code docs/wire/tracentic.md}.
 */
@NullMarked
package io.spanflux.wire.tracentic;

import org.jspecify.annotations.NullMarked;
