// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.examples;

/** A customer's question. */
record Ticket(String conversation, String tenant, String user, String question) {
    /** Who and where, never what was asked. */
    @Override
    public String toString() {
        return "Ticket{conversation=" + conversation + ", tenant=" + tenant + '}';
    }
}
