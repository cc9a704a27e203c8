// SPDX-License-Identifier: Apache-2.0

// Applications of franz-go for migrations: a member of a consumer group, and producers.
//
//	franz-apps consume BOOTSTRAP GROUP TOPICS PROTOCOL INSTANCE
//	    prints "topic partition offset when" of each record that it processes, and "committed topic
//	    partition offset when", in nanoseconds; commits and leaves on SIGTERM.
//	    PROTOCOL: classic or consumer; INSTANCE: a static id, "" for none
//	franz-apps produce BOOTSTRAP TOPIC KIND RATE PREFIX
//	    KIND: idempotent, acks1, acksall or a transactional id; prints "partition offset key value" of
//	    each record that was acknowledged (of a transaction: once it is committed; with "unknown TURN"
//	    before it where the answer to the commit was lost); on SIGTERM it ends
//	    with what is under way acknowledged. Values are numbers behind PREFIX.
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

const patience = 300 * time.Second

var (
	out  = bufio.NewWriter(os.Stdout)
	lock sync.Mutex // of out, where two goroutines print
)

func fail(what string, err error) {
	out.Flush()
	fmt.Fprintf(os.Stderr, "%s: %v\n", what, err)
	os.Exit(1)
}

// stopped is closed by SIGTERM.
func stopped() context.Context {
	ctx, _ := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	return ctx
}

// refused is the first error of a commit, nil if all of it was taken.
func refused(answer *kmsg.OffsetCommitResponse, err error) error {
	if err != nil || answer == nil {
		return err
	}
	for _, topic := range answer.Topics {
		for _, partition := range topic.Partitions {
			if err := kerr.ErrorForCode(partition.ErrorCode); err != nil {
				return err
			}
		}
	}
	return nil
}

// committed prints what was committed, behind what was processed before.
func committed(_ *kgo.Client, asked *kmsg.OffsetCommitRequest, answer *kmsg.OffsetCommitResponse, err error) {
	if refused(answer, err) != nil || asked == nil {
		return
	}
	lock.Lock()
	defer lock.Unlock()
	for _, topic := range asked.Topics {
		for _, partition := range topic.Partitions {
			fmt.Fprintf(out, "committed %s %d %d %d\n", topic.Topic, partition.Partition,
				partition.Offset, time.Now().UnixNano())
		}
	}
	out.Flush()
}

func consume(bootstrap, group, topics, protocol, instance string) {
	ctx := stopped()
	base := context.Background()
	if protocol == "consumer" {
		base = context.WithValue(base, "opt_in_kafka_next_gen_balancer_beta", true)
	}
	options := []kgo.Opt{
		kgo.SeedBrokers(strings.Split(bootstrap, ",")...),
		kgo.ConsumerGroup(group),
		kgo.ConsumeTopics(strings.Split(topics, ",")...),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.AutoCommitMarks(),
		kgo.AutoCommitInterval(500 * time.Millisecond),
		kgo.AutoCommitCallback(committed),
		kgo.BlockRebalanceOnPoll(),
		kgo.WithContext(base),
	}
	if protocol == "classic" {
		options = append(options, kgo.SessionTimeout(12*time.Second), kgo.HeartbeatInterval(time.Second))
	}
	if instance != "" {
		options = append(options, kgo.InstanceID(instance))
	}
	client, err := kgo.NewClient(options...)
	if err != nil {
		fail("consumer", err)
	}
	for ctx.Err() == nil {
		fetches := client.PollRecords(ctx, 100)
		fetches.EachError(func(topic string, partition int32, err error) {
			if !errors.Is(err, context.Canceled) {
				fmt.Fprintf(os.Stderr, "%s-%d: %v\n", topic, partition, err)
			}
		})
		lock.Lock()
		fetches.EachRecord(func(record *kgo.Record) {
			fmt.Fprintf(out, "%s %d %d %d\n", record.Topic, record.Partition, record.Offset,
				time.Now().UnixNano())
			client.MarkCommitRecords(record)
		})
		out.Flush()
		lock.Unlock()
		client.AllowRebalance()
	}
	end, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	var failed error
	done := func(c *kgo.Client, asked *kmsg.OffsetCommitRequest, answer *kmsg.OffsetCommitResponse, err error) {
		committed(c, asked, answer, err)
		failed = refused(answer, err)
	}
	if client.CommitOffsetsSync(end, client.MarkedOffsets(), done); failed != nil {
		fail("commit", failed)
	}
	client.CloseAllowingRebalance()
}

// writer prints what was acknowledged, in the order of the answers.
type writer struct {
	client *kgo.Client
	topic  string
	prefix string
	lock   sync.Mutex
	failed error
}

func (w *writer) send(number int, done func(string)) {
	value := w.prefix + strconv.Itoa(number)
	record := &kgo.Record{Topic: w.topic, Key: []byte("key-" + strconv.Itoa(number%50)), Value: []byte(value)}
	w.client.Produce(context.Background(), record, func(r *kgo.Record, err error) {
		w.lock.Lock()
		defer w.lock.Unlock()
		if err != nil {
			w.failed = err
			return
		}
		done(fmt.Sprintf("%d %d %s %s\n", r.Partition, r.Offset, r.Key, value))
	})
}

func (w *writer) burst(ctx context.Context, number, count int, done func(string)) error {
	w.lock.Lock()
	w.failed = nil
	w.lock.Unlock()
	for i := 0; i < count; i++ {
		w.send(number+i, done)
	}
	if err := w.client.Flush(ctx); err != nil {
		return err
	}
	w.lock.Lock()
	defer w.lock.Unlock()
	return w.failed
}

// transaction repeats one that had to be aborted, as applications do. Whether one was committed whose
// answer was lost nobody can say: it isn't repeated.
func (w *writer) transaction(ctx context.Context, number, count int) {
	for {
		var lines []string
		if err := w.client.BeginTransaction(); err != nil {
			fail("begin", err)
		}
		err := w.burst(ctx, number, count, func(line string) { lines = append(lines, line) })
		if err != nil {
			fmt.Fprintf(os.Stderr, "the transaction is aborted: %v\n", err)
			if err := w.client.AbortBufferedRecords(ctx); err != nil {
				fail("abort", err)
			}
			w.abort(ctx)
			continue
		}
		ended := w.client.EndTransaction(ctx, kgo.TryCommit)
		if ended == nil {
			tell("", lines)
			return
		}
		fmt.Fprintf(os.Stderr, "the transaction could not be ended: %v\n", ended)
		if errors.Is(ended, kgo.ErrClientClosed) || ctx.Err() != nil {
			fail("transaction", ended)
		}
		w.abort(ctx)
		if isUnknown(ended) {
			tell(fmt.Sprintf("unknown %d ", number), lines)
			return
		}
	}
}

func tell(prefix string, lines []string) {
	for _, line := range lines {
		out.WriteString(prefix + line)
	}
}

// isUnknown: what isn't a broker's refusal may have been carried out.
func isUnknown(err error) bool {
	var refusal *kerr.Error
	return !errors.As(err, &refusal) || errors.Is(err, kerr.UnknownServerError)
}

// abort asks again where nobody could be asked. A refusal says that nothing is left to be aborted.
func (w *writer) abort(ctx context.Context) {
	for ctx.Err() == nil {
		err := w.client.EndTransaction(ctx, kgo.TryAbort)
		if err == nil || !isUnknown(err) {
			return
		}
		fmt.Fprintf(os.Stderr, "the transaction could not be aborted: %v\n", err)
		time.Sleep(100 * time.Millisecond)
	}
}

func produce(bootstrap, topic, kind string, rate int, prefix string) {
	ctx := stopped()
	options := []kgo.Opt{
		kgo.SeedBrokers(strings.Split(bootstrap, ",")...),
		kgo.ProducerLinger(5 * time.Millisecond),
		kgo.RecordDeliveryTimeout(patience),
		kgo.RecordPartitioner(kgo.StickyKeyPartitioner(nil)),
		// What is killed between a client's first request and its answer ends in order, which franz-go
		// takes as a mistake in its settings otherwise.
		kgo.AlwaysRetryEOF(),
	}
	transactional := false
	switch kind {
	case "idempotent":
	case "acks1":
		options = append(options, kgo.RequiredAcks(kgo.LeaderAck()), kgo.DisableIdempotentWrite())
	case "acksall":
		options = append(options, kgo.DisableIdempotentWrite())
	default:
		transactional = true
		options = append(options, kgo.TransactionalID(kind), kgo.TransactionTimeout(patience))
	}
	client, err := kgo.NewClient(options...)
	if err != nil {
		fail("producer", err)
	}
	w := &writer{client: client, topic: topic, prefix: prefix}
	burst := max(1, rate/10)
	for number := 0; ctx.Err() == nil; number += burst {
		end, cancel := context.WithTimeout(context.Background(), patience)
		if transactional {
			w.transaction(end, number, burst)
		} else if err := w.burst(end, number, burst, func(line string) {
			out.WriteString(line)
			out.Flush()
		}); err != nil {
			fail("produce", err)
		}
		cancel()
		out.Flush()
		select {
		case <-ctx.Done():
		case <-time.After(100 * time.Millisecond):
		}
	}
	client.Close()
}

func main() {
	a := os.Args
	switch {
	case len(a) == 7 && a[1] == "consume":
		consume(a[2], a[3], a[4], a[5], a[6])
	case len(a) == 7 && a[1] == "produce":
		rate, err := strconv.Atoi(a[5])
		if err != nil {
			fail("rate", err)
		}
		produce(a[2], a[3], a[4], rate, a[6])
	default:
		fmt.Fprintln(os.Stderr, "franz-apps consume|produce ...: see main.go")
		os.Exit(2)
	}
	out.Flush()
}
