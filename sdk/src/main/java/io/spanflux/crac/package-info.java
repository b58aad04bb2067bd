// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

/**
 * Takes part in checkpoints of the process, by {@code org.crac}, which is optional and known to this package only. Called
 * by {@code Spanflux} only.
 */
@NullMarked
package io.spanflux.crac;

import org.jspecify.annotations.NullMarked;
