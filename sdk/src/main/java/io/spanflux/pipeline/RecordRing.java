// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.pipeline;

import io.spanflux.trace.Measured;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A bounded queue of records that never refuses one: when it is full the newest overwrites the oldest.
 *
 * <p>Threads: any number of producers call {@link #offer}; one consumer, the pipeline's worker, calls everything else
 * except {@link #tail}, which anyone may.
 *
 * <p>Bound: exactly {@code capacity} records count as queued; the array is the next power of two, so that up to twice as
 * many may be reachable until the worker runs.
 */
/*
 * How it works
 * ============
 * A producer takes a ticket with one fetch-and-add of the tail and owns a position for good. It stores the span into the
 * slot of that position and then, with release semantics, the ticket beside it. Nothing else: no loop, no
 * compare-and-set, no wait, whatever the consumer does.
 *
 * The consumer walks positions in order. Position p is there when the ticket beside its slot equals p. A smaller ticket
 * means that the producer of p is between its fetch-and-add and its store; the consumer stops and comes back. A larger one
 * means that p was overwritten.
 *
 * Everything is counted by position. Accepted = tail. Of the positions before the head, those not handed to the exporter
 * are lost, whatever happened to them. So accepted = taken + lost + queued holds at each moment, without a counter that
 * producers share and whatever producers race for.
 *
 * What a slot holds may belong to a position one lap later than its ticket says: a producer stores the span first. The
 * consumer therefore reads a run of slots, then the tail once. A position within one lap of the tail cannot have been
 * overwritten, because the ticket that would overwrite it has not been taken yet. It then takes each span with a
 * compare-and-set against null; where that fails, the overwriting ticket came in between, and the position is lost.
 *
 * A producer that loses its processor between its fetch-and-add and its stores for so long that a whole lap of others
 * passes finds a larger ticket and gives up; its position is long counted as lost. Should it lose the processor between
 * that check and its stores, an instruction or two, it overwrites a newer span: the older one stays and the newer one is
 * lost instead, and the numbers still add up. If its ticket is stored last, the position of the newer one never turns up,
 * and the consumer skips it after a while (see RecordPipeline). Both need an overflow to begin with. An exchange of slots
 * would exclude the first, but costs a second atomic operation for each span: 5.8 instead of 4.9 ns, and 37 instead of
 * 23 ns when four threads overflow the queue (docs/RATIONALE.md, "Why a ring").
 */
final class RecordRing<T extends Measured> {
    private static final VarHandle TAIL;
    private static final VarHandle SLOT = MethodHandles.arrayElementVarHandle(Object[].class);
    private static final VarHandle TICKET = MethodHandles.arrayElementVarHandle(long[].class);

    static {
        try {
            TAIL = MethodHandles.lookup().findVarHandle(Tail.class, "tail", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    /** The one word that producers share, alone in its cache line and the next, which processors fetch with it. */
    @SuppressWarnings("unused") // Padding is there to be unused.
    private static final class Tail {
        long p00, p01, p02, p03, p04, p05, p06, p07, p08, p09, p10, p11, p12, p13, p14;
        volatile long tail;
        long q00, q01, q02, q03, q04, q05, q06, q07, q08, q09, q10, q11, q12, q13, q14;
    }

    private final int capacity;
    private final int mask;
    private final @Nullable Object[] slots;
    private final long[] tickets;
    private final Tail tail = new Tail();

    // The consumer's own.
    private long head;
    private long taken;
    private long removed;

    RecordRing(int capacity) {
        int size = Integer.highestOneBit(Math.max(1, capacity - 1)) << 1;
        this.capacity = capacity;
        this.mask = size - 1;
        this.slots = new Object[size];
        this.tickets = new long[size];
        Arrays.fill(tickets, -1);
    }

    /** Queues a record and returns its position. */
    long offer(T record) {
        long ticket = (long) TAIL.getAndAdd(tail, 1L);
        int slot = (int) ticket & mask;
        if ((long) TICKET.getOpaque(tickets, slot) < ticket) {
            SLOT.setRelease(slots, slot, record);
            TICKET.setRelease(tickets, slot, ticket);
        }
        return ticket;
    }

    /** How many records were offered. */
    long tail() {
        return (long) TAIL.getVolatile(tail);
    }

    // ---- the consumer --------------------------------------------------------------------------------------------

    /** The oldest position that is neither taken nor known to be lost. */
    long head() {
        return head;
    }

    /** How many records were handed out by {@link #take}. */
    long taken() {
        return taken;
    }

    /** How many records were thrown away by {@link #removeOldest}. */
    long removed() {
        return removed;
    }

    /** How many records that can be queued at once, of any size. */
    int slots() {
        return slots.length;
    }

    /** How many records are queued. */
    long size() {
        return Math.min(tail() - head, capacity);
    }

    /** Moves the head past what has been overwritten; whether anything had been. */
    boolean skipOverwritten() {
        long oldest = tail() - capacity;
        if (oldest <= head) {
            return false;
        }
        long from = Math.max(head, oldest - slots.length);
        head = oldest;
        for (long position = from; position < oldest; position++) {
            release(position);
        }
        return true;
    }

    /** Lets go of the record at a position that is lost, unless a newer one has its slot or is about to. */
    private void release(long position) {
        int slot = (int) position & mask;
        if ((long) TICKET.getAcquire(tickets, slot) == position) {
            Object record = SLOT.getAcquire(slots, slot);
            if (tail() - position <= slots.length) {
                SLOT.compareAndSet(slots, slot, record, null);
            }
        }
    }

    /** The record at a position, null when it is not there or no more; only good for an estimate. */
    @SuppressWarnings("unchecked") // Only offer fills the slots.
    @Nullable
    T peek(long position) {
        int slot = (int) position & mask;
        return (long) TICKET.getAcquire(tickets, slot) == position ? (T) SLOT.getAcquire(slots, slot) : null;
    }

    /** Whether the oldest position has been given to a producer that has not stored its span yet. */
    boolean isBlocked() {
        return head < tail() && (long) TICKET.getAcquire(tickets, (int) head & mask) < head;
    }

    /**
     * Whether the slot of the oldest position still holds an older span. Then there has been an overflow, and its producer
     * is either about to overwrite that span or, being very late, has been overwritten itself. An empty slot is being
     * filled.
     */
    boolean holdsLeftover() {
        return SLOT.getAcquire(slots, (int) head & mask) != null;
    }

    /** Gives up the oldest position, which a producer never filled. */
    void skipBlocked() {
        head++;
    }

    /**
     * Moves up to {@code maxCount} of the oldest records into {@code batch}, stopping once their estimated bytes reach
     * {@code maxBytes}, but not before one.
     */
    void take(List<T> batch, int maxCount, long maxBytes) {
        skipOverwritten();
        int most = (int) Math.min(maxCount, tail() - head);
        List<T> run = new ArrayList<>(most);
        long bytes = 0;
        while (run.size() < most && (run.isEmpty() || bytes < maxBytes)) {
            T record = peek(head + run.size());
            if (record == null) {
                break;
            }
            run.add(record);
            bytes += record.estimatedBytes();
        }
        // The loads above must not move below this one; getVolatile after getAcquire keeps them in order.
        long overwritten = tail() - capacity;
        for (T record : run) {
            int slot = (int) head & mask;
            boolean whole = head >= overwritten && SLOT.compareAndSet(slots, slot, record, null);
            head++;
            if (whole) {
                batch.add(record);
                taken++;
            }
        }
    }

    /** Throws the oldest record away to save its bytes; false when there is none to be had. */
    boolean removeOldest() {
        T record = peek(head);
        if (record == null || tail() - head > capacity) {
            return false;
        }
        boolean whole = SLOT.compareAndSet(slots, (int) head & mask, record, null);
        head++;
        if (whole) {
            removed++;
        }
        return true;
    }

    /** Lets go of all records. */
    void clear() {
        for (int slot = 0; slot < slots.length; slot++) {
            SLOT.setRelease(slots, slot, null);
        }
    }
}
