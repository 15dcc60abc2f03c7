# Projects of one run, an account of sdsync's own in them, and a field that knows few words.
#   world.rb RUN NAME...
run = ARGV.shift

key = ActiveRecord::Base.transaction do
  # A write comes first: SQLite lets whoever reads first wait for nobody, and fails at once.
  User.where(id: 0).update_all(firstname: '')
  sync = Role.find_by_name('sdsync')
  sync or raise 'the boot script has made no role'

  account = User.new(firstname: 'Key', lastname: run, mail: "key-#{run}@example.org")
  account.login = "key-#{run}"
  account.password = account.password_confirmation = "password of #{run}"
  account.save!

  stock, agent1, agent2 = %w[sdsync agent1 agent2].map { |login| User.find_by_login(login) }
  projects = ARGV.map do |name|
    project = Project.new(name: "#{name} #{run}", identifier: "#{name}-#{run}", is_public: false)
    project.trackers = Tracker.all
    project.enabled_module_names = %w[issue_tracking]
    project.save!
    [stock, account].each { |one| Member.create!(project: project, principal: one, roles: [sync]) }
    [agent1, agent2].each do |one|
      Member.create!(project: project, principal: one, roles: [Role.find_by_name('Developer')])
    end
    project
  end

  stage = IssueCustomField.new(name: "Stage #{run}", field_format: 'list', is_for_all: false,
                               possible_values: %w[prod test])
  stage.trackers = Tracker.all
  stage.projects = projects
  stage.save!
  account.api_key
end
puts "KEY=#{key}"
