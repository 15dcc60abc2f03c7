# What the tests find in Redmine: the projects infra, web and teams (where a group works),
# two agents, a reporter, the account of sdsync with sensible rights, and the custom
# fields that it asks for.
HOME = ENV.fetch('BOOT_HOME')

def secret(name)
  File.read("#{HOME}/secret-#{name}").strip
end

def key(user, name)
  Token.where(user_id: user.id, action: 'api').delete_all
  token = Token.new(user: user, action: 'api')
  token.save!
  token.update_column(:value, secret(name))
end

def person(login, first, last)
  user = User.new(firstname: first, lastname: last, mail: "#{login}@example.org")
  user.login = login
  user.password = user.password_confirmation = secret('password')
  user.save!
  user.pref.hide_mail = false
  user.pref.save!
  key(user, login)
  user
end

Setting.rest_api_enabled = '1'
Setting.host_name = "127.0.0.1:#{ENV.fetch('HOME_PORT')}"
Setting.protocol = 'http'
Setting.text_formatting = 'textile'
Setting.issue_group_assignment = '1'

admin = User.find_by_login('admin')
admin.password = admin.password_confirmation = secret('password')
admin.must_change_passwd = false
admin.mail = 'admin@example.org'
admin.save!
key(admin, 'admin')

# What sdsync needs: no rights to administer anything.
RIGHTS = %i[
  view_issues add_issues edit_issues add_issue_notes edit_own_issue_notes
  view_private_notes set_notes_private view_issue_watchers add_issue_watchers
  delete_issue_watchers manage_issue_relations manage_subtasks view_members
  view_time_entries log_time edit_own_time_entries
].freeze
RIGHTS.each { |right| Redmine::AccessControl.permission(right) or raise "no right #{right}" }
sync = Role.create!(name: 'sdsync', assignable: false, issues_visibility: 'all',
                    users_visibility: 'all', permissions: RIGHTS)
developer = Role.find_by_name('Developer')
developer.add_permission!(:view_private_notes, :set_notes_private)
Tracker.all.each do |tracker|
  IssueStatus.all.to_a.permutation(2) do |old, new|
    WorkflowTransition.create!(role: sync, tracker: tracker, old_status: old, new_status: new)
  end
  IssueStatus.all.each do |status|
    WorkflowTransition.create!(role: sync, tracker: tracker, old_status_id: 0, new_status: status)
  end
end

account = person('sdsync', 'sdsync', 'Sync')
agents = [person('agent1', 'Agent', 'One'), person('agent2', 'Agent', 'Two')]
reporter = person('reporter', 'Stock', 'Reporter')
projects = { 'infra' => false, 'web' => true, 'teams' => false }.map do |identifier, open|
  project = Project.new(name: identifier.capitalize, identifier: identifier, is_public: open)
  project.trackers = Tracker.all
  project.enabled_module_names = %w[issue_tracking time_tracking]
  project.save!
  Member.create!(project: project, principal: account, roles: [sync])
  agents.each { |agent| Member.create!(project: project, principal: agent, roles: [developer]) }
  Member.create!(project: project, principal: reporter, roles: [Role.find_by_name('Reporter')])
  project
end
second = Group.create!(lastname: 'second line')
second.users << agents.first
Member.create!(project: projects.last, principal: second, roles: [developer])
Group.create!(lastname: 'Elsewhere') # a member of no project
IssueCategory.create!(project: projects.first, name: 'Database')

[['sdsync mark', 'string', {}],
 ['sdsync tags', 'string', {}],
 ['sdsync peer', 'string', {}],
 ['Environment', 'list', { possible_values: %w[Production Staging Test] }]].each do |name, format, more|
  field = IssueCustomField.new({ name: name, field_format: format, is_for_all: true,
                                 is_filter: true, searchable: true }.merge(more))
  field.trackers = Tracker.all
  field.save!
end
puts 'SEEDED'
