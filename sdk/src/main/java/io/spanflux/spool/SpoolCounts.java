// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.spool;

/**
 * What a spool holds and what it has done since it was built; spans, unless said otherwise. At each moment
 * {@code written + takenOver = waiting + settled + evicted + expired + damaged}, less what was let go of by a close.
 *
 * @param waitingEntries entries on disk that are ours to send
 * @param waitingBytes what these take on disk, in blocks of 4 KiB
 * @param waiting spans in them
 * @param written spans written to disk
 * @param takenOver spans that a dead process, or this one before it was closed, had left
 * @param settled spans that were handed to the destination, whatever it answered
 * @param evicted spans that were the oldest when the spool was full
 * @param expired spans that were too old
 * @param damaged spans of entries that could not be read
 * @param failedWrites how many times the disk refused to take an entry; its spans were kept in memory
 */
public record SpoolCounts(
        long waitingEntries,
        long waitingBytes,
        long waiting,
        long written,
        long takenOver,
        long settled,
        long evicted,
        long expired,
        long damaged,
        long failedWrites) {}
