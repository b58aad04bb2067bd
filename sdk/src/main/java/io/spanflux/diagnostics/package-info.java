/**
 * How Spanflux tells an operator that something is wrong without flooding a log. Depends on nothing of ours; every
 * other package may use it.
 */
@NullMarked
package io.spanflux.diagnostics;

import org.jspecify.annotations.NullMarked;
