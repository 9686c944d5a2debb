/** How the driver `postgres` is set up in every server and every tool of the benchmark. */
export const driver = {
  /** Connections of every pool, whatever the driver. */
  poolSize: 16,
  /**
   * The number of statements that may wait on one connection for an earlier answer. Above one, the
   * driver queues statements on busy connections while others are idle, which the section
   * "pipelining" measures.
   */
  maxPipeline: 1,
}

/** How long and how much each section measures. */
export interface Plan {
  http: {
    rounds: number
    /** Connections of the load, and for how many seconds each is measured. */
    loads: { connections: number; seconds: number }[]
    /** Seconds of load, at 16 connections, to discard when a server's turn begins. */
    warmUp: number
  }
  growth: {
    /** Users in the table while sign-ins are measured: few and many. */
    signIn: { users: [number, number]; rounds: number; warmUp: number; seconds: number }
    /** How many lazy users are purged, and how often. */
    purge: { sizes: { users: number; times: number }[]; batchSize: number }
    /** How many rows the lazy user has, and how often that is merged. */
    merge: { rows: number; times: number }[]
    /** Schemas and partitions, how often is merged, and how many users are purged. */
    tenants: { shapes: { tenants: number; partitions: number }[]; times: number; users: number }
    /** Decisions of the gate after which the memory is read. */
    memory: [number, number]
  }
  /** Seconds that the driver is driven with each setting. */
  pipelining: number
  /** Users in all tables, few and many, and how often each work and each batch of a purge is done. */
  scale: { users: number[]; times: number; batches: number }
}

/** What the table in the documentation is made of: about 30 minutes. */
export const fullPlan: Plan = {
  http: {
    rounds: 3,
    loads: [
      { connections: 16, seconds: 2 },
      { connections: 1, seconds: 1 },
      { connections: 64, seconds: 1 },
    ],
    warmUp: 5,
  },
  growth: {
    signIn: { users: [10_000, 5_000_000], rounds: 3, warmUp: 4, seconds: 6 },
    purge: {
      sizes: [
        { users: 20_000, times: 3 },
        { users: 200_000, times: 1 },
        { users: 1_000_000, times: 1 },
      ],
      batchSize: 1000,
    },
    merge: [
      { rows: 10, times: 20 },
      { rows: 10_000, times: 5 },
      { rows: 1_000_000, times: 2 },
    ],
    tenants: {
      shapes: [
        { tenants: 1, partitions: 0 },
        { tenants: 300, partitions: 0 },
        { tenants: 1, partitions: 100 },
      ],
      times: 20,
      users: 5_000,
    },
    memory: [100_000, 1_000_000],
  },
  pipelining: 40,
  scale: { users: [10_000, 20_000_000], times: 60, batches: 5 },
}

/** Shows within two minutes that everything works; its figures mean little. */
export const quickPlan: Plan = {
  http: { rounds: 1, loads: [{ connections: 16, seconds: 1 }], warmUp: 1 },
  growth: {
    signIn: { users: [1_000, 50_000], rounds: 1, warmUp: 1, seconds: 1 },
    purge: {
      sizes: [
        { users: 1_000, times: 1 },
        { users: 5_000, times: 1 },
      ],
      batchSize: 1000,
    },
    merge: [
      { rows: 10, times: 3 },
      { rows: 10_000, times: 1 },
    ],
    tenants: {
      shapes: [
        { tenants: 1, partitions: 0 },
        { tenants: 20, partitions: 0 },
      ],
      times: 3,
      users: 500,
    },
    memory: [1_000, 5_000],
  },
  pipelining: 4,
  scale: { users: [10_000, 100_000], times: 20, batches: 2 },
}
